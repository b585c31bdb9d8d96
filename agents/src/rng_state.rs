//! A stream of random numbers in a saved state: its key and its place, for `#[serde(with = "…")]`.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sparring_sparse::seed::Rng;

/// Writes where the stream stands.
pub fn serialize<S: Serializer>(rng: &Rng, to: S) -> Result<S::Ok, S::Error> {
    rng.serialize_state().as_slice().serialize(to)
}

/// The stream that goes on from there.
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Rng, D::Error> {
    let bytes = Vec::<u8>::deserialize(from)?;
    let found = bytes.len();
    let state = bytes
        .as_slice()
        .try_into()
        .map_err(|_| D::Error::invalid_length(found, &"the bytes of a ChaCha8 stream"))?;
    Ok(Rng::deserialize_state(state))
}

#[cfg(test)]
mod tests {
    use rand::RngExt;
    use sparring_sparse::Seed;

    use super::*;

    #[derive(Serialize, Deserialize)]
    struct State {
        #[serde(with = "super")]
        rng: Rng,
    }

    #[test]
    fn a_stream_goes_on_where_it_stood() {
        let mut rng = Seed::new(1).rng();
        assert_ne!([(); 5].map(|()| rng.random::<u32>()), [0; 5]);
        let saved = serde_json::to_string(&State { rng }).unwrap();
        let mut again = serde_json::from_str::<State>(&saved).unwrap().rng;
        let mut whole = Seed::new(1).rng();
        assert_ne!([(); 5].map(|()| whole.random::<u32>()), [0; 5]);
        assert!((0..100).all(|_| again.random::<u64>() == whole.random::<u64>()));
        assert!(serde_json::from_str::<State>("{\"rng\":[1,2]}").is_err());
    }
}
