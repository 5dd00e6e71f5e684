//! Enums that the server may extend at any time. An unknown text is kept, and serialized unchanged.

/// Defines an enum of texts, with `Unknown` for all others. Case, blanks, hyphens and underscores do not matter when a
/// text is read. A variant can have several spellings.
macro_rules! text_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal $(| $other:literal)*,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
            /// A value that this version of the crate does not know, as the server sent it.
            Unknown(String),
        }

        impl $name {
            /// Returns the text that the API uses.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $($name::$variant => $text,)+
                    $name::Unknown(text) => text,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                use crate::model::text_enum::is_same;
                $(if is_same(text, $text) $(|| is_same(text, $other))* {
                    return $name::$variant;
                })+
                $name::Unknown(text.to_owned())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                Ok($name::from(&*text))
            }
        }
    };
}

pub(crate) use text_enum;

/// Whether two texts are equal without regard to case, blanks, hyphens and underscores.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    fn letters(text: &str) -> impl Iterator<Item = char> {
        text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-')).map(|c| c.to_ascii_lowercase())
    }
    letters(one).eq(letters(other))
}

#[cfg(test)]
mod tests {
    #![expect(unreachable_pub, reason = "the macro makes public enums")]

    text_enum! {
        /// A light.
        Light {
            /// Go.
            Green = "GREEN",
            /// Stop.
            Red = "Red" | "Crimson",
            /// Stop soon.
            GreenToRed = "GREEN_TO_RED",
        }
    }

    fn read(json: &str) -> Light {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn case_does_not_matter() {
        for json in [r#""GREEN""#, r#""green""#, r#""Green""#] {
            assert_eq!(read(json), Light::Green, "{json}");
        }
        assert_eq!(serde_json::to_string(&read(r#""RED""#)).unwrap(), r#""Red""#);
    }

    #[test]
    fn blanks_hyphens_and_underscores_do_not_matter_and_a_variant_can_have_several_spellings() {
        for text in [
            "Green to Red",
            "green-to-red",
            " GREEN_TO_RED\n",
            "GreenToRed",
            "green\u{a0}to_red",
            "GREEN_TO_RED_",
        ] {
            assert_eq!(Light::from(text), Light::GreenToRed, "{text}");
        }
        assert_eq!((Light::from("crimson "), Light::from("CRIM-SON")), (Light::Red, Light::Red));
        for text in ["", " ", "-", "GREEN_TO", "GREEN.TO.RED", "red!", "réd"] {
            assert_eq!(Light::from(text), Light::Unknown(text.to_owned()), "{text}");
        }
    }

    #[test]
    fn an_unknown_value_survives_a_round_trip() {
        for json in [r#""amberFlashing""#, r#""""#, r#""a \"b\"""#] {
            assert!(matches!(read(json), Light::Unknown(_)), "{json}");
            assert_eq!(serde_json::to_string(&read(json)).unwrap(), json);
        }
    }
}
