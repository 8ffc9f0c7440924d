//! The two demo academies and the people in them. All of them are invented.

/// An academy to try things in.
#[derive(Debug)]
pub struct Academy {
    /// The organisation's slug; also its folder of courses.
    pub slug: &'static str,
    /// The organisation's name.
    pub name: &'static str,
    /// Who can be signed in as: name and role. The first learner is also the one that examples use.
    pub personas: &'static [(&'static str, &'static str)],
    /// Further learners, who fill the lists.
    pub learners: &'static [&'static str],
    /// Groups of learners; the manager manages the first.
    pub groups: &'static [&'static str],
    /// The courses that the instructor teaches.
    pub taught: &'static [&'static str],
}

/// The person who belongs to both academies: a learner in one, an author in the other.
pub const IN_BOTH: &str = "Robin Aubert";

/// The demo academies.
pub const ACADEMIES: &[Academy] = &[
    Academy {
        slug: "ferris",
        name: "Ferris Academy",
        personas: &[
            ("Ada Quist", "owner"),
            ("Bela Moreau", "admin"),
            ("Cato Lindqvist", "author"),
            ("Dara Okafor", "instructor"),
            ("Eike Brandt", "manager"),
            ("Finn Sato", "learner"),
            ("Gesa Noor", "learner"),
        ],
        learners: &[
            "Aino Virtanen",
            "Baptiste Roy",
            "Carmen Vidal",
            "Deniz Kaya",
            "Elif Arslan",
            "Farid Haddad",
            "Greta Holm",
            "Hugo Lemaire",
            "Ines Duarte",
            "Jonas Weiss",
            "Kaja Nowak",
            "Liam Byrne",
            "Mira Petrova",
            "Nils Aker",
            "Olga Marin",
            "Pavel Novak",
            "Quentin Faure",
            "Rosa Conti",
            "Sven Dahl",
            "Tara Singh",
            "Ugo Ferri",
            "Vera Lang",
            "Wim de Boer",
            "Yara Nasser",
        ],
        groups: &["Spring cohort", "Autumn cohort"],
        taught: &["ownership-by-example", "error-handling-in-rust"],
    },
    Academy {
        slug: "harbor",
        name: "Harbor School",
        personas: &[
            ("Alma Verne", "owner"),
            ("Bruno Silva", "admin"),
            ("Clara Jensen", "author"),
            ("Diego Ramos", "instructor"),
            ("Edda Falk", "manager"),
            ("Femi Adeyemi", "learner"),
            ("Gitta Olsen", "learner"),
        ],
        learners: &[
            "Anton Berg",
            "Bianca Russo",
            "Cem Yilmaz",
            "Dora Kiss",
            "Emil Strand",
            "Fatou Diallo",
            "Goran Ilic",
            "Hanna Keller",
            "Ivo Maric",
            "Jana Horak",
            "Kofi Mensah",
            "Lena Sommer",
            "Marek Zielinski",
            "Nadia Rahman",
            "Oskar Lund",
            "Petra Vogel",
            "Rafael Costa",
            "Saskia Bakker",
            "Tomas Rehn",
            "Uma Iyer",
            "Viktor Hess",
            "Wanda Krol",
            "Yusuf Demir",
            "Zoe Martin",
        ],
        groups: &["Quay crew", "Office"],
        taught: &["mooring-and-line-handling", "port-safety-induction"],
    },
];
