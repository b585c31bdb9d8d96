//! What is written is read; what is not is an error.

use proptest::prelude::*;
use serde::Deserialize;

use super::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Counts {
    steps: u64,
    names: Vec<String>,
    score: Option<f64>,
}

fn counts() -> Counts {
    Counts { steps: 1 << 40, names: vec!["é".into(), String::new()], score: Some(-0.5) }
}

fn section() -> Section {
    let mut inner = Section::new(7);
    inner.put_u32("positions", &[0, 5, u32::MAX]);
    inner.put_f32("empty", &[]);
    let mut section = Section::new(2);
    section.put("counts", &counts()).unwrap();
    section.put_f32("weights", &[1.5, -0.0, f32::NAN, f32::MIN_POSITIVE]);
    section.put_u64("returns", &[u64::MAX, 0]);
    section.nest("q/layer", inner);
    section
}

#[test]
fn what_was_written_is_read() {
    let read = Section::from_bytes(&section().to_bytes().unwrap()).unwrap();
    assert_eq!(read, section());
    assert_eq!(read.to_bytes().unwrap(), section().to_bytes().unwrap());
    assert_eq!(read.get::<Counts>("counts").unwrap(), counts());
    let bits = |v: Vec<f32>| v.into_iter().map(f32::to_bits).collect::<Vec<_>>();
    let weights = vec![1.5, -0.0, f32::NAN, f32::MIN_POSITIVE];
    assert_eq!(bits(read.f32("weights").unwrap()), bits(weights));
    assert_eq!(read.u64("returns").unwrap(), [u64::MAX, 0]);
    let layer = read.part("q").part("layer");
    assert_eq!((layer.version(), layer.u32("positions").unwrap()), (7, vec![0, 5, u32::MAX]));
    assert_eq!(layer.f32("empty").unwrap(), [0f32; 0]);
    let empty = Section::new(9);
    assert_eq!(Section::from_bytes(&empty.to_bytes().unwrap()).unwrap(), empty);
}

#[test]
fn errors_name_the_place() {
    let section = section();
    let error = |found: Result<Vec<f32>, SparseError>| found.unwrap_err().to_string();
    assert!(error(section.part("q").part("layer").f32("v")).contains("`q/layer/v`"));
    assert!(error(section.part("q").part("layer").f32("positions")).contains("array of u32"));
    let error = section.get::<Vec<Counts>>("counts").unwrap_err().to_string();
    assert!(error.contains("`counts`"), "{error}");
    assert!(section.get::<u8>("counts").is_err(), "bytes are left over");
    assert!(section.part("p").is_empty() && section.part("p").version() == 0);
}

#[test]
fn what_a_value_merely_promises_is_not_reserved() {
    let mut section = Section::new(1);
    // A list of 2^63 numbers, a list of 2^40 lists.
    for bytes in
        [&[255, 255, 255, 255, 255, 255, 255, 255, 127][..], &[128, 128, 128, 128, 128, 32]]
    {
        section.insert("list".into(), Kind::Value, bytes.to_vec());
        assert!(section.get::<Vec<u64>>("list").is_err());
        assert!(section.get::<Vec<Vec<f64>>>("list").is_err());
        assert!(section.get::<String>("list").is_err());
    }
}

/// Lengths and offsets near 2^64 in a header of otherwise sound JSON.
#[test]
fn huge_promises_of_a_header_are_refused() {
    let file = |header: &str, len: u64| {
        let mut bytes = len.to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes
    };
    let tensor = |shape: &str, end: u64| {
        format!(
            r#"{{"__metadata__":{{"version":"1"}},"a":{{"dtype":"F32","shape":[{shape}],"data_offsets":[0,{end}]}}}}"#
        )
    };
    for header in [
        tensor("18446744073709551615", u64::MAX),
        tensor("4611686018427387904", u64::MAX),
        tensor("4611686018427387903", u64::MAX - 3),
        tensor("1000000000000", 4_000_000_000_000),
        tensor("4294967296,4294967296", 0),
        "[".repeat(100_000),
    ] {
        assert!(Section::from_bytes(&file(&header, header.len() as u64)).is_err());
        assert!(Section::from_bytes(&file(&header, u64::MAX)).is_err());
        assert!(Section::from_bytes(&file(&header, 1 << 40)).is_err());
    }
}

#[test]
fn every_flipped_bit_and_every_cut_is_found() {
    let bytes = section().to_bytes().unwrap();
    for at in 0..bytes.len() {
        assert!(Section::from_bytes(&bytes[..at]).is_err(), "cut at {at}");
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << bit;
            assert!(Section::from_bytes(&flipped).is_err(), "bit {bit} of byte {at}");
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_give_an_error_or_a_section(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(section) = Section::from_bytes(&bytes) {
            section.to_bytes().unwrap();
        }
    }

    #[test]
    fn any_value_reads_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        let mut section = Section::new(1);
        section.insert("value".into(), Kind::Value, bytes);
        let _ = section.get::<Counts>("value");
        let _ = section.get::<BTreeMap<String, Vec<f64>>>("value");
    }
}
