//! In which order an office prefers its paths, whatever the order in which they are listed.

use super::PathNumber;

/// Every path of an office once, the primary one first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order(Vec<PathNumber>);

impl Order {
    /// That of `count` paths of which these come first; the others follow as they are listed. What is not
    /// among them, or is named again, is left out.
    pub fn of(first: impl IntoIterator<Item = PathNumber>, count: u8) -> Self {
        let mut order = Vec::new();
        for number in first.into_iter().chain((0..count).map(PathNumber::new)) {
            if number.index() < count && !order.contains(&number) {
                order.push(number);
            }
        }
        Self(order)
    }

    /// The path that is used while all is well.
    pub fn primary(&self) -> PathNumber {
        self.0.first().copied().unwrap_or(PathNumber::PRIMARY)
    }

    /// All of them, the primary one first.
    pub fn iter(&self) -> impl Iterator<Item = PathNumber> {
        self.0.iter().copied()
    }

    /// Those that are preferred to a path.
    pub fn before(&self, number: PathNumber) -> impl Iterator<Item = PathNumber> {
        self.iter().take_while(move |other| *other != number)
    }

    /// Whether `one` is preferred to `other`.
    pub fn prefers(&self, one: PathNumber, other: PathNumber) -> bool {
        self.before(other).any(|number| number == one)
    }

    /// How many are preferred to a path.
    pub fn place(&self, number: PathNumber) -> usize {
        self.before(number).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_are_named_come_first_and_the_rest_as_it_is_listed() {
        for (first, order) in [
            (&[][..], [0, 1, 2]),
            (&[2], [2, 0, 1]),
            (&[1, 2], [1, 2, 0]),
            (&[2, 1, 0], [2, 1, 0]),
            (&[1, 1, 7], [1, 0, 2]),
        ] {
            let told = Order::of(first.iter().copied().map(PathNumber::new), 3);
            assert_eq!(told.iter().map(PathNumber::index).collect::<Vec<_>>(), order, "{first:?}");
            assert_eq!(told.primary().index(), order[0]);
            for (place, number) in order.iter().copied().map(PathNumber::new).enumerate() {
                assert_eq!(told.place(number), place);
                assert_eq!(told.prefers(told.primary(), number), place > 0);
            }
        }
    }
}
