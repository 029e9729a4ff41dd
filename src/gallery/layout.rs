//! Where the cards of a contact sheet stand: geometry without pixels.
//!
//! All cards are equally wide. The cards of a group fill columns from top to bottom, in order; groups
//! stand side by side on shelves, in order. Of all ways to cut the groups into shelves and to share a
//! number of columns among them, the one is taken that comes nearest to the shape of a page, rather
//! upright than lying, with little left blank.

use crate::picture::Rect;

/// Distances in pixels.
#[derive(Debug, Clone, Copy)]
pub struct Measures {
    /// Width of a card.
    pub card: usize,
    /// Between columns.
    pub column_gap: usize,
    /// Between cards of a column.
    pub card_gap: usize,
    /// Height of a group's heading, with what stands between it and the first card.
    pub heading: usize,
    /// Between shelves.
    pub shelf_gap: usize,
    /// What stands above and below all this on the sheet: it counts for the shape.
    pub around: usize,
}

/// Where everything stands, from `(0, 0)`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// Width of it all.
    pub width: usize,
    /// Height of it all.
    pub height: usize,
    /// The heading of each group.
    pub headings: Vec<Rect>,
    /// The cards of each group.
    pub cards: Vec<Vec<Rect>>,
}

/// More columns than this make no sheet.
const MOST_COLUMNS: usize = 12;
/// How bad a blank sheet is beside one that is e times as long or wide as a page.
const BLANK: f64 = 2.0;
/// How bad it is to lie rather than to stand, which fits the width of a screen.
const LYING: f64 = 0.05;
/// Shape of a page of paper.
const PAGE: f64 = std::f64::consts::SQRT_2;

/// The best place for the cards of these heights, group by group.
pub fn arrange(groups: &[Vec<usize>], measures: &Measures) -> Plan {
    let area: usize =
        groups.iter().flatten().map(|h| (h + measures.card_gap) * measures.card).sum();
    let mut best: Option<(f64, Plan)> = None;
    for columns in 1..=MOST_COLUMNS {
        // Bit g: a new shelf begins after group g.
        for cuts in 0..1_u32 << groups.len().saturating_sub(1) {
            let Some(plan) = attempt(groups, measures, columns, cuts) else { continue };
            let (w, h) = (plan.width as f64, (plan.height + measures.around) as f64);
            let shape = ((w / h).ln().abs() - PAGE.ln()).abs();
            let blank = 1.0 - area as f64 / (plan.width * plan.height).max(1) as f64;
            let lying = if w > h { LYING } else { 0.0 };
            let badness = shape + BLANK * blank + lying;
            if best.as_ref().is_none_or(|(least, _)| badness < *least) {
                best = Some((badness, plan));
            }
        }
    }
    best.map(|(_, plan)| plan).unwrap_or_default()
}

/// The plan with so many columns and these shelves; none if a shelf has more groups than columns, or
/// no shelf fills the columns.
fn attempt(groups: &[Vec<usize>], m: &Measures, columns: usize, cuts: u32) -> Option<Plan> {
    let mut plan = Plan { width: 0, height: 0, ..Plan::default() };
    let mut from = 0;
    let mut widest = 0;
    for last in 0..groups.len() {
        let ends = last + 1 == groups.len() || cuts >> last & 1 == 1;
        if !ends {
            continue;
        }
        let shelf = &groups[from..=last];
        let shares = share(shelf, m, columns)?;
        widest = widest.max(shares.iter().sum());
        place(&mut plan, shelf, &shares, m);
        from = last + 1;
    }
    (widest == columns).then_some(plan)
}

/// How many columns each group of a shelf gets: one, and the others where the shelf is highest.
fn share(shelf: &[Vec<usize>], m: &Measures, columns: usize) -> Option<Vec<usize>> {
    let mut shares = vec![1; shelf.len()];
    let mut left = columns.checked_sub(shelf.len())?;
    let height = |group: usize, share: usize| limit(&shelf[group], share, m.card_gap);
    while left > 0 {
        let highest = (0..shelf.len()).max_by_key(|g| (height(*g, shares[*g]), usize::MAX - *g))?;
        if shares[highest] >= shelf[highest].len() {
            break;
        }
        shares[highest] += 1;
        left -= 1;
    }
    Some(shares)
}

/// The least height into which cards fit, in order, in so many columns.
fn limit(cards: &[usize], columns: usize, gap: usize) -> usize {
    let (mut low, mut high) =
        (cards.iter().copied().max().unwrap_or(0), cards.iter().map(|h| h + gap).sum());
    while low < high {
        let middle = usize::midpoint(low, high);
        if split(cards, middle, gap).len() <= columns { high = middle } else { low = middle + 1 }
    }
    low
}

/// Cards in order, each column as full as it gets: how many there are in each.
fn split(cards: &[usize], height: usize, gap: usize) -> Vec<usize> {
    let mut out = Vec::new();
    let mut filled = 0;
    for card in cards {
        match out.last_mut() {
            Some(count) if filled + gap + card <= height => {
                *count += 1;
                filled += gap + card;
            }
            _ => {
                out.push(1);
                filled = *card;
            }
        }
    }
    out
}

/// Adds a shelf below what there is.
fn place(plan: &mut Plan, shelf: &[Vec<usize>], shares: &[usize], m: &Measures) {
    let top = if plan.height == 0 { 0 } else { plan.height + m.shelf_gap };
    let mut left = 0;
    for (cards, columns) in shelf.iter().zip(shares) {
        let height = limit(cards, *columns, m.card_gap);
        let counts = split(cards, height, m.card_gap);
        let width = counts.len() * (m.card + m.column_gap) - m.column_gap;
        plan.headings.push(Rect { x: left, y: top, w: width, h: m.heading });
        let mut rects = Vec::new();
        let mut rest = cards.iter();
        for (column, count) in counts.iter().enumerate() {
            let x = left + column * (m.card + m.column_gap);
            let mut y = top + m.heading;
            for h in rest.by_ref().take(*count) {
                rects.push(Rect { x, y, w: m.card, h: *h });
                plan.height = plan.height.max(y + h);
                y += h + m.card_gap;
            }
        }
        plan.cards.push(rects);
        plan.width = plan.width.max(left + width);
        left += width + m.column_gap;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEASURES: Measures = Measures {
        card: 388,
        column_gap: 28,
        card_gap: 20,
        heading: 40,
        shelf_gap: 30,
        around: 150,
    };

    fn shape(plan: &Plan) -> f64 {
        let ratio = plan.width as f64 / (plan.height + MEASURES.around) as f64;
        ratio.max(1.0 / ratio)
    }

    fn check(groups: &[Vec<usize>]) -> Plan {
        let plan = arrange(groups, &MEASURES);
        let rects: Vec<Rect> =
            plan.headings.iter().chain(plan.cards.iter().flatten()).copied().collect();
        for (i, a) in rects.iter().enumerate() {
            assert!(a.x + a.w <= plan.width && a.y + a.h <= plan.height, "{a:?} in {plan:?}");
            for b in &rects[..i] {
                let beside = a.x + a.w <= b.x || b.x + b.w <= a.x;
                let above = a.y + a.h <= b.y || b.y + b.h <= a.y;
                assert!(beside || above, "{a:?} over {b:?}");
            }
        }
        let heights: Vec<Vec<usize>> =
            plan.cards.iter().map(|g| g.iter().map(|r| r.h).collect()).collect();
        assert_eq!(heights, groups);
        plan
    }

    #[test]
    fn nothing_overlaps_and_everything_lies_inside() {
        for groups in [
            vec![vec![200]],
            vec![vec![200, 500, 200], vec![200]],
            vec![
                vec![210; 9],
                vec![500, 210, 210, 500, 210],
                vec![210; 5],
                vec![210; 5],
                vec![210; 6],
            ],
            vec![vec![1; 40]],
        ] {
            check(&groups);
        }
        assert_eq!(arrange(&[], &MEASURES), Plan::default());
    }

    #[test]
    fn sheets_have_the_shape_of_pages() {
        for groups in [
            vec![vec![210; 9]],
            vec![
                vec![210; 9],
                vec![500, 210, 210, 500, 210],
                vec![210; 5],
                vec![210; 5],
                vec![210; 6],
            ],
            vec![vec![210; 5], vec![210; 5]],
        ] {
            let found = shape(&check(&groups));
            assert!((1.1..1.9).contains(&found), "{found}");
        }
    }

    #[test]
    fn cards_fill_columns_in_order() {
        assert_eq!(limit(&[10, 10, 10, 10], 2, 0), 20);
        assert_eq!(limit(&[30, 10, 10, 10], 2, 0), 30);
        assert_eq!(limit(&[10, 10, 30], 2, 5), 30);
        assert_eq!(split(&[10, 10, 30], 30, 5), [2, 1]);
        assert_eq!(split(&[10], 10, 5), [1]);
    }
}
