//! Points: whole hundredths, so that every sum and every share is exact.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Integer;
use serde::{Deserialize, Serialize};
use std::iter::Sum;
use std::ops::Neg;

/// Points that a question can earn, in hundredths.
pub const MOST: Points = Points(100_000);

/// Points, counted in hundredths: what is added, compared and stored is an integer.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    AsExpression,
    FromSqlRow,
)]
#[serde(transparent)]
#[diesel(sql_type = Integer)]
pub struct Points(pub i32);

impl Points {
    /// None.
    pub const ZERO: Self = Self(0);
    /// One point.
    pub const ONE: Self = Self(100);

    /// A share of these points, to the nearest hundredth, halves away from zero. A share of one or less never comes to
    /// more than the whole.
    #[must_use]
    pub fn share(self, parts: i64, of: i64) -> Self {
        let of = of.max(1);
        let twice = 2 * i64::from(self.0) * parts;
        let nearest = (twice.abs() + of) / (2 * of) * twice.signum();
        Self(i32::try_from(nearest).unwrap_or(if nearest < 0 { i32::MIN } else { i32::MAX }))
    }

    /// So many percent of these points, rounded up to a hundredth.
    #[must_use]
    pub fn percent(self, percent: i32) -> Self {
        let hundredths = i64::from(percent) * i64::from(self.0);
        i32::try_from((hundredths + 99) / 100).map_or(self, Self)
    }

    /// Reads a decimal number with at most two places behind the point.
    pub fn parse(text: &str) -> Option<Self> {
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
        let (whole, places) = digits.split_once('.').unwrap_or((digits, ""));
        let places = places.trim_end_matches('0');
        let sound = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || whole.len() > 7 || places.len() > 2 || !sound(whole) || !sound(places) {
            return None;
        }
        let hundredths: i32 = format!("{whole}{places:0<2}").parse().ok()?;
        Some(Self(sign * hundredths))
    }
}

impl Sum for Points {
    fn sum<I: Iterator<Item = Self>>(points: I) -> Self {
        Self(points.fold(0, |sum, points| sum.saturating_add(points.0)))
    }
}

impl Neg for Points {
    type Output = Self;

    fn neg(self) -> Self {
        Self(-self.0)
    }
}

/// A decimal number with at most two places behind the point, such as 1, 0.5 or 3.33. Answered as a JSON number; taken as a
/// number or as a text.
#[Scalar(name = "Decimal")]
impl ScalarType for Points {
    fn parse(value: Value) -> InputValueResult<Self> {
        let text = match &value {
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.clone(),
            _ => return Err(InputValueError::expected_type(value)),
        };
        Self::parse(&text).ok_or_else(|| {
            InputValueError::custom("a decimal number has at most two places behind the point")
        })
    }

    fn to_value(&self) -> Value {
        if self.0 % 100 == 0 {
            Value::from(self.0 / 100)
        } else {
            // The shortest text that reads as this number has the same two places.
            Value::from(f64::from(self.0) / 100.0)
        }
    }
}

mod sql {
    use super::Points;
    use diesel::deserialize::{self, FromSql};
    use diesel::pg::{Pg, PgValue};
    use diesel::serialize::{self, Output, ToSql};
    use diesel::sql_types::Integer;

    impl FromSql<Integer, Pg> for Points {
        fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
            <i32 as FromSql<Integer, Pg>>::from_sql(value).map(Self)
        }
    }

    impl ToSql<Integer, Pg> for Points {
        fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
            <i32 as ToSql<Integer, Pg>>::to_sql(&self.0, out)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn points_are_written_with_two_places_at_most() {
        for (text, hundredths) in [
            ("0", Some(0)),
            ("1", Some(100)),
            ("1.0", Some(100)),
            ("1.50", Some(150)),
            ("1.500", Some(150)),
            ("0.05", Some(5)),
            ("-0.25", Some(-25)),
            ("1.005", None),
            ("", None),
            (".5", None),
            ("1e2", None),
            ("+1", None),
            ("99999999", None),
            ("1,5", None),
        ] {
            assert_eq!(Points::parse(text), hundredths.map(Points), "{text}");
        }
    }

    #[test]
    fn a_share_is_rounded_to_the_nearest_hundredth() {
        for (points, parts, of, expected) in [
            (100, 1, 3, 33),
            (100, 2, 3, 67),
            (100, 3, 3, 100),
            (1, 1, 2, 1),
            (100, -1, 3, -33),
            (1, -1, 2, -1),
            (0, 1, 3, 0),
        ] {
            assert_eq!(
                Points(points).share(parts, of),
                Points(expected),
                "{points} {parts}/{of}"
            );
        }
    }

    #[test]
    fn the_share_that_passes_is_rounded_up() {
        for (percent, max, expected) in [
            (60, 500, 300),
            (67, 300, 201),
            (0, 700, 0),
            (1, 1, 1),
            (50, 3, 2),
            (100, 7, 7),
        ] {
            assert_eq!(
                Points(max).percent(percent),
                Points(expected),
                "{percent} % of {max}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_answered_is_read_again_as_the_same(hundredths in -50_000_000..=50_000_000_i32) {
            let points = Points(hundredths);
            let json = points.to_value().into_json().unwrap();
            prop_assert_eq!(<Points as ScalarType>::parse(Value::from_json(json.clone()).unwrap()).unwrap(), points);
            prop_assert_eq!(Points::parse(&json.to_string()), Some(points));
        }

        #[test]
        fn a_share_is_never_more_than_the_whole(points in 0..=100_000_i32, of in 1..500_i64, parts in -500..500_i64) {
            let share = Points(points).share(parts, of);
            prop_assert!(parts > of || share <= Points(points));
            prop_assert!(parts < -of || share >= -Points(points));
            prop_assert_eq!(Points(points).share(-parts, of), -share);
        }
    }
}
