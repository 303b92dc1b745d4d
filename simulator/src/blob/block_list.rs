//! The body of Put Block List.

use super::{BlobError, store::BlockRef};

/// Reads `<BlockList>` with `<Latest>`, `<Committed>` and `<Uncommitted>`: flat elements with base64 text, so a scan for
/// tags is all the XML there is to it.
pub(super) fn read(body: &[u8]) -> Result<Vec<BlockRef>, BlobError> {
    let invalid = || BlobError::bad("InvalidXmlDocument", "XML specified is not syntactically valid.");
    let text = std::str::from_utf8(body).map_err(|_| invalid())?;
    let (_, mut rest) = text.split_once("<BlockList>").ok_or_else(invalid)?;
    let mut list = Vec::new();
    loop {
        rest = rest.trim_start();
        if rest.starts_with("</BlockList>") {
            return Ok(list);
        }
        let (tag, after) = rest.strip_prefix('<').and_then(|rest| rest.split_once('>')).ok_or_else(invalid)?;
        let (id, after) = after.split_once(&format!("</{tag}>")).ok_or_else(invalid)?;
        let id = id.trim().to_owned();
        list.push(match tag {
            "Latest" => BlockRef::Latest(id),
            "Committed" => BlockRef::Committed(id),
            "Uncommitted" => BlockRef::Uncommitted(id),
            _ => return Err(invalid()),
        });
        rest = after;
    }
}
