//! Finds the handbook's words in what people write. It gives offsets, never words, so that what other services keep
//! contains nothing that a customer wrote.
//!
//! Letters match without regard to case and accents. In Chinese a word matches anywhere; in other languages it
//! matches whole words, and `delay*` also matches `delayed`. An occurrence inside an excepted phrase does not count:
//! `破损` with the exception `没有破损`.

use std::collections::{BTreeMap, BTreeSet};

use super::text::WordLists;
use super::vocabulary::Language;

/// A place in a text, in characters: from the first one, to the one after the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The first character, from 0.
    pub from: usize,
    /// The character after the last.
    pub until: usize,
}

/// Words of several targets, ready to be looked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lexicon(BTreeMap<Language, BTreeMap<char, Vec<Entry>>>);

#[derive(Clone, Debug)]
struct Entry {
    target: usize,
    letters: Vec<char>,
    /// The word may go on after the letters.
    open_end: bool,
    except: bool,
}

/// What was found of one target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hits {
    /// How many different words were found.
    pub(crate) words: u32,
    /// Where, in order.
    pub(crate) places: Vec<Place>,
}

impl Lexicon {
    /// Adds the words of a target, and the phrases in which they do not count.
    pub(crate) fn add(&mut self, target: usize, words: &WordLists, except: &WordLists) {
        for language in Language::ALL {
            let entries = self.0.entry(*language).or_default();
            for (lists, except) in [(words, false), (except, true)] {
                for word in lists.of(*language) {
                    let letters: Vec<char> = word.trim_end_matches('*').chars().map(fold).collect();
                    let open_end = word.ends_with('*') || *language == Language::ZhCn;
                    if let Some(first) = letters.first() {
                        entries.entry(*first).or_default().push(Entry {
                            target,
                            letters: letters.clone(),
                            open_end,
                            except,
                        });
                    }
                }
            }
        }
    }

    /// What is found of each target: by the words of `language`, or, where these find nothing or the language is not
    /// known, by those of all languages.
    pub(crate) fn find(&self, language: Option<Language>, text: &str) -> BTreeMap<usize, Hits> {
        let letters: Vec<char> = text.chars().map(fold).collect();
        let own: Vec<Language> = language.into_iter().collect();
        let found = self.find_in(&own, &letters);
        if found.is_empty() { self.find_in(Language::ALL, &letters) } else { found }
    }

    fn find_in(&self, languages: &[Language], text: &[char]) -> BTreeMap<usize, Hits> {
        let mut found: Vec<(&Entry, Place)> = Vec::new();
        for language in languages {
            let Some(entries) = self.0.get(language) else { continue };
            let whole_words = *language != Language::ZhCn;
            for from in 0..text.len() {
                for entry in entries.get(&text[from]).into_iter().flatten() {
                    if entry.stands_at(text, from, whole_words) {
                        found.push((entry, Place { from, until: from + entry.letters.len() }));
                    }
                }
            }
        }
        let mut hits: BTreeMap<usize, Hits> = BTreeMap::new();
        let mut words: BTreeMap<usize, BTreeSet<&[char]>> = BTreeMap::new();
        for (entry, place) in found.iter().filter(|(entry, _)| !entry.except) {
            let excepted = found.iter().any(|(other, phrase)| {
                other.except
                    && other.target == entry.target
                    && phrase.from <= place.from
                    && place.until <= phrase.until
            });
            if !excepted {
                hits.entry(entry.target).or_default().places.push(*place);
                words.entry(entry.target).or_default().insert(&entry.letters);
            }
        }
        for (target, hits) in &mut hits {
            hits.words = words.get(target).map_or(0, |words| u32::try_from(words.len()).unwrap_or(u32::MAX));
            hits.places.sort_unstable();
        }
        hits
    }
}

impl Entry {
    fn stands_at(&self, text: &[char], from: usize, whole_words: bool) -> bool {
        let until = from + self.letters.len();
        let same = text.get(from..until).is_some_and(|part| part == self.letters.as_slice());
        let begins = !whole_words || from == 0 || !text[from - 1].is_alphanumeric();
        let ends = self.open_end || text.get(until).is_none_or(|next| !next.is_alphanumeric());
        same && begins && ends
    }
}

/// A letter without case and accent; every blank is a space.
fn fold(letter: char) -> char {
    let lower = letter.to_lowercase().next().unwrap_or(letter);
    match lower {
        'à' | 'á' | 'â' | 'ã' | 'ä' => 'a',
        'è' | 'é' | 'ê' | 'ë' => 'e',
        'ì' | 'í' | 'î' | 'ï' => 'i',
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' => 'o',
        'ù' | 'ú' | 'û' | 'ü' => 'u',
        'ç' => 'c',
        'ñ' => 'n',
        blank if blank.is_whitespace() => ' ',
        other => other,
    }
}
