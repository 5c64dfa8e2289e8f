//! Cuts an array into the texts of its elements.

use super::parse::{Parser, Refusal};
use super::{JsonError, Segment};

/// Cuts a document that is an array into the texts of its elements, building no tree, so that a large
/// array costs no more memory than its text.
///
/// # Errors
/// A document that is not an array, more than `max` elements, or bad syntax. What an element holds is
/// checked when it is parsed.
pub fn elements(text: &str, max: usize) -> Result<Vec<&str>, JsonError> {
    cut(text, max).map_err(|refusal| *refusal)
}

fn cut(text: &str, max: usize) -> Result<Vec<&str>, Refusal> {
    let mut parser = Parser::new(text);
    let mut found = Vec::new();
    parser.space();
    parser.expect(b'[', "an array")?;
    parser.space();
    if parser.peek() == Some(b']') {
        parser.at += 1;
        parser.end()?;
        return Ok(found);
    }
    loop {
        parser.space();
        if found.len() == max {
            return Err(parser.error(format!("more than {max} elements")));
        }
        let start = parser.at;
        parser
            .skip()
            .map_err(|error| error.inside(Segment::Index(found.len())))?;
        found.push(text.get(start..parser.at).unwrap_or_default());
        parser.space();
        match parser.peek() {
            Some(b',') => parser.at += 1,
            Some(b']') => {
                parser.at += 1;
                parser.end()?;
                return Ok(found);
            }
            _ => return Err(parser.error("expected `,` or `]`")),
        }
    }
}

impl Parser<'_> {
    /// Passes over one value: brackets are matched and strings respected, nothing else is looked at. How deep it
    /// nests is for its own parsing to judge, so that only this element is refused; nothing recurses here.
    fn skip(&mut self) -> Result<(), Refusal> {
        let mut open: Vec<u8> = Vec::new();
        loop {
            self.space();
            match self.peek() {
                Some(b'"') => self.skip_string()?,
                Some(b'{') => open.push(b'}'),
                Some(b'[') => open.push(b']'),
                Some(close @ (b'}' | b']')) if open.pop() != Some(close) => {
                    return Err(self.error("a bracket that closes nothing"));
                }
                Some(b',' | b':') if open.is_empty() => return Err(self.error("expected a value")),
                Some(_) => {}
                None => return Err(self.error("the text ends inside a value")),
            }
            self.skip_token();
            if open.is_empty() {
                return Ok(());
            }
        }
    }

    /// Passes over a bracket, a comma, a colon, the end quote of a string, or a bare word.
    fn skip_token(&mut self) {
        let bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        let first = self.peek();
        self.at += 1;
        if first.is_some_and(bare) {
            while self.peek().is_some_and(bare) {
                self.at += 1;
            }
        }
        while self.at < self.text.len() && !self.text.is_char_boundary(self.at) {
            self.at += 1;
        }
    }

    /// Stops on the closing quote.
    fn skip_string(&mut self) -> Result<(), Refusal> {
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => return Ok(()),
                Some(b'\\') => self.at += 2,
                Some(_) => self.at += 1,
                None => return Err(self.error("a string that does not end")),
            }
        }
    }
}
