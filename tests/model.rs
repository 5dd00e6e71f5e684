//! The reading of responses: documented ones in full, and malformed ones as far as possible.

mod common;

mod model {
    mod bodies;
    mod lists;
    mod members;
    mod orders;
    mod stored;
    mod vouchers;

    use crate::common::mock::fixture;
    use anyhow::Result;
    use serde_json::{Map, Value};

    /// Returns the members of a fixture's object, or of the first object in its list.
    fn members(name: &str) -> Result<Vec<(String, String)>> {
        let value: Value = serde_json::from_str(&fixture(name)?)?;
        let first = value.get(0).unwrap_or(&value);
        let members: Map<String, Value> = serde_json::from_value(first.clone())?;
        Ok(members.into_iter().map(|(name, value)| (name, value.to_string())).collect())
    }

    fn object(members: &[(String, String)]) -> String {
        let members: Vec<_> = members.iter().map(|(name, value)| format!("{name:?}:{value}")).collect();
        format!("{{{}}}", members.join(","))
    }

    /// Returns the object with one member set to this JSON text, or without the member.
    fn with(members: &[(String, String)], name: &str, raw: Option<&str>) -> String {
        let mut members: Vec<_> = members.iter().filter(|(found, _)| found != name).cloned().collect();
        members.extend(raw.map(|raw| (name.to_owned(), raw.to_owned())));
        object(&members)
    }

    const THREE: &str = r#"[{"id":1,"name":"A"},{"id":2,"name":null},{"id":3,"name":"C"}]"#;

    fn order(id: &str, reference: &str, more: &str) -> String {
        format!(
            r#"{{"id":{id},"client_reference":"{reference}","product_id":3105,"denomination":20,"quantity":2,"status":"DELIVERED"{more}}}"#
        )
    }
}
