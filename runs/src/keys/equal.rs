//! Whether two values are the same, however they are written.

use serde_json::Value as Json;

/// Numbers are the same whether they are written as whole ones or not, lists where their items are.
pub fn same(one: &Json, other: &Json) -> bool {
    match (one, other) {
        (Json::Number(one), Json::Number(other)) => one.as_f64() == other.as_f64(),
        (Json::Array(one), Json::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (one, other) => one == other,
    }
}

/// Whether `value` is `wanted`, or one of the values of that list.
pub fn is_one_of(value: &Json, wanted: &Json) -> bool {
    let several = wanted.as_array().into_iter().flatten();
    same(value, wanted) || several.into_iter().any(|one| same(value, one))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_the_same_however_they_are_written() {
        assert!(same(&json!(600), &json!(600.0)) && same(&json!([1, 2.0]), &json!([1.0, 2])));
        assert!(!same(&json!("1"), &json!(1)) && !same(&json!([1]), &json!([1, 1])));
        assert!(is_one_of(&json!(2), &json!([1, 2.0])) && is_one_of(&json!([8]), &json!([8])));
        assert!(is_one_of(&json!([8]), &json!([[4], [8]])) && !is_one_of(&json!(3), &json!([])));
    }
}
