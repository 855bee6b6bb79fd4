//! The nearest name to a mistyped one.

/// The candidate closest to `name` in edits (a swap of neighbours is one), if it is close enough to be meant: within a
/// third of the length, and within one edit for short names.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (name.chars().count() / 3).max(1);
    let distances = candidates.into_iter().map(|candidate| {
        let exact = strsim::damerau_levenshtein(name, candidate);
        let folded = strsim::damerau_levenshtein(&name.to_lowercase(), &candidate.to_lowercase());
        // Other case counts as one edit, of however many letters.
        (exact.min(folded + 1), candidate)
    });
    // A name of one letter is near to every other: nothing is suggested there but a change of case.
    let meant = |&(distance, candidate): &(usize, &str)| {
        let single = name.chars().count() == 1 || candidate.chars().count() == 1;
        distance <= limit && (!single || name.to_lowercase() == candidate.to_lowercase() || distance < limit)
    };
    distances.filter(meant).min_by_key(|&(distance, _)| distance).map(|(_, candidate)| candidate)
}
