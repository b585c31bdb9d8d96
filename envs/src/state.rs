//! Bytes of a saved state: their CRC-32, the form they are in, the owner's id and the state, so that foreign or
//! broken bytes are refused before anything is made of them.

use serde::{Serialize, de::DeserializeOwned};

use crate::EnvError;

/// Bytes of the checksum at the front.
const CHECKSUM: usize = size_of::<u32>();
/// Raised with every change of what an env or the engine saves.
const FORM: u32 = 2;

/// The bytes of `state`, marked as belonging to `id`.
pub fn pack<T: Serialize>(id: &str, state: &T) -> Result<Vec<u8>, EnvError> {
    let body = postcard::to_allocvec(&(FORM, id, state)).map_err(|e| wrong(id, e.to_string()))?;
    let mut bytes = crc32fast::hash(&body).to_le_bytes().to_vec();
    bytes.extend_from_slice(&body);
    Ok(bytes)
}

/// The state that [`pack`] made into these bytes for the same `id`.
pub fn unpack<T: DeserializeOwned>(id: &str, bytes: &[u8]) -> Result<T, EnvError> {
    let Some((sum, body)) = bytes.split_first_chunk::<CHECKSUM>() else {
        return Err(wrong(id, format!("only {} bytes", bytes.len())));
    };
    if u32::from_le_bytes(*sum) != crc32fast::hash(body) {
        return Err(wrong(id, "the checksum does not match".to_owned()));
    }
    let (form, rest): (u32, _) =
        postcard::take_from_bytes(body).map_err(|e| wrong(id, e.to_string()))?;
    if form != FORM {
        return Err(wrong(id, format!("they are in form {form}, and this version reads {FORM}")));
    }
    let (owner, rest): (&str, _) =
        postcard::take_from_bytes(rest).map_err(|e| wrong(id, e.to_string()))?;
    if owner != id {
        return Err(wrong(id, format!("they belong to `{owner}`")));
    }
    let (state, rest) =
        postcard::take_from_bytes::<T>(rest).map_err(|e| wrong(id, e.to_string()))?;
    if rest.is_empty() {
        Ok(state)
    } else {
        Err(wrong(id, format!("{} bytes too many", rest.len())))
    }
}

fn wrong(id: &str, found: String) -> EnvError {
    EnvError::State { id: id.to_owned(), found }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{pack, unpack};

    proptest! {
        #[test]
        fn any_flipped_bit_and_any_cut_is_refused(value: (u64, f64), bit in 0usize..64, cut in 1usize..8) {
            let bytes = pack("x", &value).unwrap();
            let back: (u64, f64) = unpack("x", &bytes).unwrap();
            prop_assert_eq!(back.1.to_bits(), value.1.to_bits());
            let mut flipped = bytes.clone();
            flipped[bit % bytes.len()] ^= 1 << (bit % 8);
            prop_assert!(unpack::<(u64, f64)>("x", &flipped).is_err());
            prop_assert!(unpack::<(u64, f64)>("x", &bytes[..bytes.len() - cut]).is_err());
        }
    }

    #[test]
    fn bytes_of_another_env_are_refused() {
        let bytes = pack("CartPole", &1u8).unwrap();
        let error = unpack::<u8>("Pendulum", &bytes).unwrap_err().to_string();
        assert!(error.contains("CartPole") && error.contains("Pendulum"), "{error}");
    }

    #[test]
    fn another_form_is_refused() {
        let body = postcard::to_allocvec(&(1u32, "x", 5u8)).unwrap();
        let bytes = [crc32fast::hash(&body).to_le_bytes().as_slice(), &body].concat();
        let error = unpack::<u8>("x", &bytes).unwrap_err().to_string();
        assert!(error.contains("form 1"), "{error}");
    }
}
