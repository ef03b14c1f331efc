//! How much still fits into a comment.

use crate::report::escape::workflow_command_safe;

/// GitHub takes 65,536 characters and, as others measured, 262,144 bytes; the marker's line comes on top of the text.
const CHARACTERS: usize = 65_536 - 200;
const BYTES: usize = 262_144 - 1_024;

/// What is left of both.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    characters: usize,
    bytes: usize,
}

impl Room {
    pub(super) fn of_a_comment() -> Self {
        Self { characters: CHARACTERS, bytes: BYTES }
    }

    /// Half of it.
    pub(super) fn half(self) -> Self {
        Self { characters: self.characters / 2, bytes: self.bytes / 2 }
    }

    /// Sets room aside for a text that will be there whatever else is.
    pub(super) fn reserve(&mut self, text: &str) -> &mut Self {
        let (characters, bytes) = size(text);
        self.characters = self.characters.saturating_sub(characters);
        self.bytes = self.bytes.saturating_sub(bytes);
        self
    }

    /// Takes room for a text, if it fits.
    pub(super) fn take(&mut self, text: &str) -> bool {
        self.exchange("", text)
    }

    /// Puts `new` where `old` was, if it fits.
    pub(super) fn exchange(&mut self, old: &str, new: &str) -> bool {
        let ((old_characters, old_bytes), (characters, bytes)) = (size(old), size(new));
        let left = (self.characters + old_characters).checked_sub(characters).zip((self.bytes + old_bytes).checked_sub(bytes));
        if let Some((characters, bytes)) = left {
            *self = Self { characters, bytes };
        }
        left.is_some()
    }
}

/// Characters and bytes of a text as it will be written. GitHub may count characters beyond the basic plane twice.
fn size(text: &str) -> (usize, usize) {
    let text = workflow_command_safe(text);
    (text.encode_utf16().count(), text.len())
}
