//! A table that the script lets people sort and filter.

use maud::{Markup, html};

use crate::report::model::{Cell, Head, Look, Table};

/// The table, with what it shows and its controls.
pub fn table(table: &Table) -> Markup {
    let id = table.id;
    html! {
        p.weak id={ (id) "-about" } { (table.caption) @if !table.note.is_empty() { " " (table.note) } }
        div.tools hidden data-for={ (id) "-table" } {
            label { "Filter " input type="search" autocomplete="off" spellcheck="false" placeholder="text, or > 0.5 in a column"; }
            label {
                "in "
                select {
                    option value="" { "all columns" }
                    @for (i, head) in table.columns.iter().enumerate() { option value=(i) { (head.name) } }
                }
            }
            span.found.weak role="status" {}
        }
        div.scroll tabindex="0" role="region" aria-labelledby={ (id) "-title" } {
            table.sortable id={ (id) "-table" } aria-describedby={ (id) "-about" } {
                thead {
                    tr {
                        @for head in &table.columns {
                            th scope="col" aria-sort="none" class=[head.is_number.then_some("num")] { (head.name) }
                        }
                    }
                }
                tbody {
                    @for row in &table.rows {
                        tr id=[anchor(table, row)] {
                            @for (head, cell) in table.columns.iter().zip(row) { (data_cell(head, cell)) }
                        }
                    }
                }
            }
        }
    }
}

/// Rows of operators are where pictures link to.
fn anchor(table: &Table, row: &[Cell]) -> Option<String> {
    (table.id == "operators").then(|| format!("operator-{}", row.first().map_or("", |c| &c.text)))
}

fn data_cell(head: &Head, cell: &Cell) -> Markup {
    // Texts of numbers are sorted as they are read, unless they have units.
    let is_plain = cell.text.parse::<f64>().is_ok();
    let value = cell.value.filter(|v| !v.is_nan() && !is_plain);
    let value = value.map(|v| v.to_string().replace("inf", "Infinity"));
    html! {
        td class=[head.is_number.then_some("num")] data-v=[value] {
            @match cell.look {
                Look::Plain => (cell.text),
                Look::State => span class={ "state " (cell.text) } { (if cell.text == "left" { "to make" } else { &cell.text }) },
                Look::Hash => code.short { (cell.text) },
            }
        }
    }
}
