//! x
/// x
pub fn page(){}
