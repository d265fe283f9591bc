//! How the vocabulary of pixie-format crosses to a compile worker: as the names and texts that it already has.

/// A platform, by name.
pub mod platform {
    use pixie_format::Platform;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// Writes the name.
    pub fn serialize<S: Serializer>(platform: &Platform, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(platform.name())
    }

    /// Looks the name up.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Platform, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

/// A signature, as its canonical text.
pub mod signature {
    use pixie_format::Signature;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// Writes the text.
    pub fn serialize<S: Serializer>(signature: &Signature, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(signature)
    }

    /// Parses the text.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Signature, D::Error> {
        Signature::parse(&String::deserialize(from)?).map_err(D::Error::custom)
    }
}
