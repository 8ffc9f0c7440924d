//! Numbers that people write, compared without rounding.

use async_graphql::{InputObject, SimpleObject};
use num_bigint::BigInt;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// Digits that a number may have, and the largest power of ten that may follow it.
const MOST_DIGITS: usize = 40;
const MOST_EXPONENT: i32 = 99;

/// A decimal number: an integer times a power of ten.
#[derive(Clone, Debug)]
pub struct Decimal {
    digits: BigInt,
    exponent: i32,
}

impl Decimal {
    /// Reads a number as people write it: a sign, digits, a point, and a power of ten behind `e`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().replace('\u{2212}', "-");
        let (number, power) = text.split_once(['e', 'E']).unwrap_or((&text, "0"));
        let unsigned = number.strip_prefix(['+', '-']).unwrap_or(number);
        let (whole, places) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let digits = format!("{whole}{places}");
        let is_sound = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_sound(&digits) || digits.len() > MOST_DIGITS || !is_sound(power.trim_start_matches(['+', '-']))
        {
            return None;
        }
        let power: i32 = power
            .parse()
            .ok()
            .filter(|power: &i32| power.abs() <= MOST_EXPONENT)?;
        let magnitude: BigInt = digits.parse().ok()?;
        Some(Self {
            digits: if number.starts_with('-') {
                -magnitude
            } else {
                magnitude
            },
            exponent: power - i32::try_from(places.len()).ok()?,
        })
    }

    /// Whether it is more than nothing.
    pub fn is_positive(&self) -> bool {
        self.digits > BigInt::ZERO
    }

    /// Whether it is less than nothing.
    pub fn is_negative(&self) -> bool {
        self.digits < BigInt::ZERO
    }

    fn times(&self, other: &Self) -> Self {
        Self {
            digits: &self.digits * &other.digits,
            exponent: self.exponent + other.exponent,
        }
    }

    fn magnitude(mut self) -> Self {
        if self.is_negative() {
            self.digits = -self.digits;
        }
        self
    }

    /// Both as integers times the same power of ten.
    fn aligned(&self, other: &Self) -> (BigInt, BigInt, i32) {
        let exponent = self.exponent.min(other.exponent);
        let scaled =
            |number: &Self| &number.digits * BigInt::from(10).pow(number.exponent.abs_diff(exponent));
        (scaled(self), scaled(other), exponent)
    }

    fn minus(&self, other: &Self) -> Self {
        let (own, others, exponent) = self.aligned(other);
        Self {
            digits: own - others,
            exponent,
        }
    }

    fn order(&self, other: &Self) -> Ordering {
        let (own, others, _) = self.aligned(other);
        own.cmp(&others)
    }
}

/// A number as a learner answers it, as it was typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, SimpleObject, InputObject)]
#[graphql(input_name = "NumberAnswerInput")]
pub struct NumberAnswer {
    /// The number: a decimal number of at most 40 digits, such as -1.5 or 6.02e23.
    pub value: String,
    /// One of the question's units; null where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// How far from the right number is still right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tolerance {
    /// By so much at most, in the unit of the right number.
    Absolute(String),
    /// By this share of the right number at most.
    Relative(String),
}

/// A unit in which a number may be answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// How it is written.
    pub name: String,
    /// What a number in it is multiplied by to be in the unit of the right number.
    pub factor: String,
}

/// Which numbers are right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberRule {
    /// The right number.
    pub value: String,
    /// How far from it is still right; only the number itself where this is nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<Tolerance>,
    /// The units in which it may be answered; none where it has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<Unit>,
}

impl NumberRule {
    /// Whether an answer is right; nothing where it is blank.
    pub fn accepts(&self, answer: &NumberAnswer) -> Option<bool> {
        if answer.value.trim().is_empty() {
            return None;
        }
        Some(self.is_right(answer).unwrap_or(false))
    }

    fn is_right(&self, answer: &NumberAnswer) -> Option<bool> {
        let right = Decimal::parse(&self.value)?;
        let mut given = Decimal::parse(&answer.value)?;
        match &answer.unit {
            None if !self.units.is_empty() => return None,
            None => {}
            Some(name) => {
                let unit = self.units.iter().find(|unit| unit.name == *name)?;
                given = given.times(&Decimal::parse(&unit.factor)?);
            }
        }
        let far = given.minus(&right).magnitude();
        let allowed = match &self.tolerance {
            None => return Some(far.order(&Decimal::parse("0")?) == Ordering::Equal),
            Some(Tolerance::Absolute(most)) => Decimal::parse(most)?,
            Some(Tolerance::Relative(share)) => right.times(&Decimal::parse(share)?).magnitude(),
        };
        Some(far.order(&allowed) != Ordering::Greater)
    }

    /// Says what is wrong with the rule: the field and what it must be.
    pub fn fault(&self) -> Option<(String, &'static str)> {
        const NUMBER: &str = "This is a decimal number of at most 40 digits, such as -1.5 or 6.02e23.";
        if Decimal::parse(&self.value).is_none() {
            return Some(("value".to_owned(), NUMBER));
        }
        let tolerance = match &self.tolerance {
            None => None,
            Some(Tolerance::Absolute(most)) => Some(("tolerance.absolute", most)),
            Some(Tolerance::Relative(share)) => Some(("tolerance.relative", share)),
        };
        if let Some((field, text)) = tolerance
            && Decimal::parse(text).is_none_or(|number| number.is_negative())
        {
            return Some((field.to_owned(), "A tolerance is a decimal number from 0 on."));
        }
        if self.units.len() > 50 {
            return Some(("units".to_owned(), "A number has at most 50 units."));
        }
        self.units.iter().enumerate().find_map(|(index, unit)| {
            let is_new = self.units[..index].iter().all(|other| other.name != unit.name);
            let is_named = !unit.name.trim().is_empty() && unit.name.chars().count() <= 50;
            if !is_new || !is_named {
                return Some((
                    format!("units.{index}.name"),
                    "A unit has 1 to 50 characters, and no two are alike.",
                ));
            }
            let factor = Decimal::parse(&unit.factor).is_some_and(|factor| factor.is_positive());
            (!factor).then(|| {
                (
                    format!("units.{index}.factor"),
                    "A factor is a decimal number above 0.",
                )
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(value: &str, tolerance: Option<Tolerance>, units: &[(&str, &str)]) -> NumberRule {
        let unit = |(name, factor): &(&str, &str)| Unit {
            name: (*name).to_owned(),
            factor: (*factor).to_owned(),
        };
        NumberRule {
            value: value.to_owned(),
            tolerance,
            units: units.iter().map(unit).collect(),
        }
    }

    #[test]
    fn a_number_is_right_within_its_tolerance_and_in_its_units() {
        let absolute = |most: &str| Some(Tolerance::Absolute(most.to_owned()));
        let relative = |share: &str| Some(Tolerance::Relative(share.to_owned()));
        let metres = [("m", "1"), ("cm", "0.01"), ("km", "1e3")];
        let cases = [
            (rule("0.3", None, &[]), "0.30", None, Some(true)),
            (rule("0.3", None, &[]), "3e-1", None, Some(true)),
            (rule("0.3", None, &[]), "0.30000000000000004", None, Some(false)),
            (rule("-2", None, &[]), "\u{2212}2", None, Some(true)),
            (rule("10", absolute("0.1"), &[]), "10.1", None, Some(true)),
            (rule("10", absolute("0.1"), &[]), "9.9", None, Some(true)),
            (rule("10", absolute("0.1"), &[]), "10.1000001", None, Some(false)),
            (rule("-200", relative("0.01"), &[]), "-198", None, Some(true)),
            (rule("-200", relative("0.01"), &[]), "-197.9", None, Some(false)),
            (
                rule("6.02e23", relative("0.01"), &[]),
                "602000000000000000000000",
                None,
                Some(true),
            ),
            (rule("1.5", None, &metres), "150", Some("cm"), Some(true)),
            (rule("1.5", None, &metres), "0.0015", Some("km"), Some(true)),
            (rule("1.5", None, &metres), "1.5", Some("cm"), Some(false)),
            (rule("1.5", None, &metres), "1.5", None, Some(false)),
            (rule("1.5", None, &metres), "1.5", Some("mile"), Some(false)),
            (rule("1.5", None, &[]), "1.5", Some("m"), Some(false)),
            (rule("1.5", None, &[]), "about one", None, Some(false)),
            (rule("1.5", None, &[]), " ", None, None),
        ];
        for (rule, value, unit, expected) in cases {
            let answer = NumberAnswer {
                value: value.to_owned(),
                unit: unit.map(str::to_owned),
            };
            assert_eq!(rule.accepts(&answer), expected, "{rule:?} {answer:?}");
        }
    }

    #[test]
    fn what_is_no_number_is_not_read() {
        for text in [
            "",
            ".",
            "-",
            "1,5",
            "1.2.3",
            "0x10",
            "1e",
            "1e100",
            "e5",
            "NaN",
            "1 0",
            "--1",
            &"1".repeat(41),
        ] {
            assert!(Decimal::parse(text).is_none(), "{text}");
        }
        for text in ["1", "+1", "-1.", ".5", "1E-99", "1e+9", " 7 "] {
            assert!(Decimal::parse(text).is_some(), "{text}");
        }
    }

    #[test]
    fn a_rule_that_cannot_be_meant_is_a_fault_at_its_field() {
        let absolute = |most: &str| Some(Tolerance::Absolute(most.to_owned()));
        for (rule, field) in [
            (rule("x", None, &[]), "value"),
            (rule("1", absolute("-1"), &[]), "tolerance.absolute"),
            (
                rule("1", Some(Tolerance::Relative("x".into())), &[]),
                "tolerance.relative",
            ),
            (rule("1", None, &[("m", "0")]), "units.0.factor"),
            (rule("1", None, &[("m", "1"), ("m", "2")]), "units.1.name"),
            (rule("1", None, &[(" ", "1")]), "units.0.name"),
        ] {
            assert_eq!(rule.fault().map(|(field, _)| field).as_deref(), Some(field));
        }
        assert_eq!(rule("1", absolute("0.5"), &[("m", "1")]).fault(), None);
    }
}
