//! A list of texts.

use bitcode::{Decode, Encode};

/// A list of texts that is read as a whole: a run with nothing to do looks at none of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct TextList {
    joined: String,
    ends: Vec<usize>,
}

impl TextList {
    /// Adds a text, and returns its number.
    pub fn push(&mut self, text: &str) -> u32 {
        self.joined.push_str(text);
        self.ends.push(self.joined.len());
        self.ends.len() as u32 - 1
    }

    /// Returns the text with this number.
    pub fn get(&self, number: u32) -> Option<&str> {
        let number = number as usize;
        let start = if number == 0 { 0 } else { *self.ends.get(number - 1)? };
        self.joined.get(start..*self.ends.get(number)?)
    }

    /// Returns all texts.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.ends.len() as u32).filter_map(|number| self.get(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_kept_apart() {
        let mut list = TextList::default();
        assert_eq!(list.get(0), None);
        assert_eq!(["5.14.0", "", "6.12.0"].map(|text| list.push(text)), [0, 1, 2]);
        assert_eq!(list.iter().collect::<Vec<_>>(), ["5.14.0", "", "6.12.0"]);
        assert_eq!((list.get(2), list.get(3)), (Some("6.12.0"), None));
    }
}
