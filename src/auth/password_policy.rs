//! Which passwords are too easy to guess: NIST SP 800-63B asks for length and for a list, and for no rules about characters.

/// Characters that a password has at most: enough for any sentence, and a bound on what is hashed.
const MOST_CHARS: usize = 256;
/// Characters that must be left of a password when everything that is easy to guess is taken away.
const LEAST_OWN: usize = 6;

/// What guessers try first, as whole passwords or joined to each other.
const COMMON: &[&str] = &[
    "password",
    "passwort",
    "passw0rd",
    "p4ssw0rd",
    "motdepasse",
    "contrasena",
    "letmein",
    "welcome",
    "willkommen",
    "bienvenue",
    "iloveyou",
    "trustno1",
    "whatever",
    "superman",
    "batman",
    "dragon",
    "monkey",
    "master",
    "shadow",
    "sunshine",
    "princess",
    "football",
    "baseball",
    "starwars",
    "pokemon",
    "michael",
    "jennifer",
    "jessica",
    "charlie",
    "freedom",
    "secret",
    "login",
    "admin",
    "administrator",
    "root",
    "user",
    "guest",
    "test",
    "demo",
    "default",
    "changeme",
    "hello",
    "summer",
    "winter",
    "spring",
    "autumn",
    "monday",
    "january",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwerty",
    "qwertz",
    "azerty",
    "asdf",
    "zxcv",
    "1q2w3e4r5t6y",
    "1q2w3e4r",
    "1qaz2wsx3edc",
    "1qaz2wsx",
    "qazwsx",
    "q1w2e3r4",
    "abcdefghijklmnopqrstuvwxyz",
    "abc",
    "01234567890",
    "1234567890",
    "0987654321",
    "987654321",
    "123456789",
    "12345678",
    "1234567",
    "654321",
    "123456",
    "12345",
    "1234",
    "123123",
    "123321",
    "123",
    "google",
    "facebook",
    "internet",
    "computer",
    "samsung",
    "academy",
    "course",
    "school",
    "student",
    "teacher",
    "learning",
    "lyceum",
];

/// What is wrong with a password of somebody about whom these words are known.
pub fn fault(password: &str, about: &[&str], least: usize) -> Option<String> {
    let length = password.chars().count();
    if length < least {
        return Some(format!(
            "This password has {length} characters and needs {least}. A few words in a row are easy to remember."
        ));
    }
    if length > MOST_CHARS {
        return Some(format!(
            "This password has {length} characters; {MOST_CHARS} are the most."
        ));
    }
    let own = without_the_guessable(&password.to_lowercase(), about);
    if distinct(&own) < LEAST_OWN.min(own_needed(length)) {
        return Some(
            "This password is easy to guess: it is made of common passwords, of your own name or address, or of a few characters \
             over and over. Take other words."
                .to_owned(),
        );
    }
    None
}

/// What is left when common passwords and the person's own words are taken away.
fn without_the_guessable(password: &str, about: &[&str]) -> String {
    let about = about.iter().flat_map(|text| {
        let text = text.to_lowercase();
        let parts: Vec<String> = text
            .split(|char: char| !char.is_alphanumeric())
            .filter(|part| part.chars().count() >= 3)
            .map(str::to_owned)
            .collect();
        parts
    });
    let mut words: Vec<String> = COMMON
        .iter()
        .map(|word| (*word).to_owned())
        .chain(about)
        .collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words
        .iter()
        .fold(password.to_owned(), |left, word| left.replace(word.as_str(), ""))
}

fn distinct(text: &str) -> usize {
    let mut chars: Vec<char> = text.chars().collect();
    chars.sort_unstable();
    chars.dedup();
    chars.len()
}

/// A short password that is allowed to be short has fewer characters of its own.
const fn own_needed(length: usize) -> usize {
    if length < 12 { 4 } else { LEAST_OWN }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_password_of_ones_own_is_good_whatever_its_characters() {
        for good in [
            "correct horse battery staple",
            "lange nacht im hafen",
            "παράθυρο στη θάλασσα",
            "tide turns 6 sails",
        ] {
            assert_eq!(
                fault(good, &["ada@example.org", "Ada", "Lovelace"], 15),
                None,
                "{good}"
            );
        }
    }

    #[test]
    fn what_guessers_try_first_is_refused() {
        for bad in [
            "short",
            "passwordpassword",
            "Password123456789",
            "qwertyuiopasdfghjkl",
            "aaaaaaaaaaaaaaaaaaaa",
            "abababababababababab",
            "ada.lovelace-1234567",
            "Lovelace1815Lovelace",
            "example-example-example",
        ] {
            assert!(
                fault(bad, &["ada@example.org", "Ada", "Lovelace"], 15).is_some(),
                "{bad}"
            );
        }
        assert!(fault(&"tide turns ".repeat(50), &[], 15).is_some_and(|fault| fault.contains("256")));
    }
}
