//! Numbers as C has them.

/// Numbers of a line.
const LINE: usize = 12;

/// `static const KIND NAME[] = {…};`
pub fn array(kind: &str, name: &str, all: impl ExactSizeIterator<Item = String>) -> String {
    let count = all.len().max(1);
    let mut text = format!("static const {kind} {name}[{count}] = {{");
    let mut empty = true;
    for (i, one) in all.enumerate() {
        text.push_str(if i % LINE == 0 { "\n    " } else { " " });
        text.push_str(&one);
        text.push(',');
        empty = false;
    }
    text.push_str(if empty { "0};\n" } else { "\n};\n" });
    text
}

/// The shortest that read back as the same.
pub fn floats(all: &[f32]) -> impl ExactSizeIterator<Item = String> {
    all.iter().map(|x| format!("{x:?}f"))
}

/// The same of doubles.
pub fn doubles(all: &[f64]) -> impl ExactSizeIterator<Item = String> {
    all.iter().map(|x| format!("{x:?}"))
}

/// Whole numbers.
pub fn whole(all: &[i32]) -> impl ExactSizeIterator<Item = String> {
    all.iter().map(i32::to_string)
}

/// The smallest unsigned type that holds up to `most`, and its bytes.
pub fn unsigned(most: usize) -> (&'static str, usize) {
    match most {
        0..=0xff => ("uint8_t", 1),
        0x100..=0xffff => ("uint16_t", 2),
        _ => ("uint32_t", 4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_back() {
        assert_eq!(
            array("float", "w", floats(&[0.1, -1.0, 1e-20])),
            "static const float w[3] = {\n    0.1f, -1.0f, 1e-20f,\n};\n"
        );
        assert_eq!(array("uint8_t", "none", whole(&[])), "static const uint8_t none[1] = {0};\n");
        assert_eq!(
            (unsigned(255).0, unsigned(256).1, unsigned(1 << 20).0),
            ("uint8_t", 2, "uint32_t")
        );
    }
}
