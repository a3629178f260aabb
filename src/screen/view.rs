//! What a person has made of the picture: nothing here reaches the run.

use super::layout::Pane;
use super::table::Table;

/// Something drawn over the panes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlay {
    /// The keys and the marks.
    Help,
    /// `Quit?`
    Quit,
}

/// A sample's exchanges or the list of all samples, instead of the panes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sheet {
    /// The table of samples.
    Samples,
    /// The exchanges of the sample that is picked there.
    Exchanges,
}

impl Sheet {
    /// The pane that shows it.
    pub fn pane(self) -> Pane {
        match self {
            Self::Samples => Pane::Samples,
            Self::Exchanges => Pane::Exchanges,
        }
    }
}

/// What the plot of exchanges shows upwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Upward {
    /// The offset by each exchange alone, relative to the estimate.
    #[default]
    Offset,
    /// The same without room for the bound, which can be much farther away than the exchanges.
    CloseUp,
    /// The round trip.
    RoundTrip,
}

/// Whether the run can be commanded from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Access {
    /// It is in progress in this process.
    #[default]
    Command,
    /// It is only looked at.
    Look,
}

/// Whether the user has asked the run to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Leaving {
    /// No.
    #[default]
    No,
    /// Asked with `q`: the screen stays until the run is over.
    Asked,
    /// Asked with Ctrl-C: the same, but the process ends as by that signal.
    Interrupted,
}

/// The sample after which a recorded run is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Which one, from 1; 0 when none has ended.
    pub at: usize,
    /// How many there are.
    pub of: usize,
}

/// Focus, zoom, scroll positions, overlays and messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Whether the run can be commanded.
    pub access: Access,
    /// Where in a recorded run the picture stands.
    pub moment: Option<Moment>,
    /// The samples, as sorted: all of a recorded run, the latest of one in progress.
    pub table: Table,
    /// The sample picked there in a run in progress; none follows the latest. A recorded run's is its moment.
    pub picked: Option<usize>,
    /// What is shown instead of the panes.
    pub sheet: Option<Sheet>,
    /// What the plot of exchanges shows.
    pub upward: Upward,
    /// The pane that keys scroll and zoom.
    pub focus: Pane,
    /// It has the screen to itself.
    pub zoomed: bool,
    /// The row picked in the table of sizes; none follows the sample in progress.
    pub row: Option<usize>,
    /// How many lines back the log is scrolled.
    pub log_back: usize,
    /// First line of the help that is shown.
    pub help_top: usize,
    /// The picture stands still while the run goes on.
    pub frozen: bool,
    /// What lies over the panes.
    pub overlay: Option<Overlay>,
    /// An answer to the last key.
    pub message: Option<String>,
    /// Whether the run is to end.
    pub leaving: Leaving,
    /// A key was pressed after the end of the run: the screen stays.
    pub kept_open: bool,
    /// Seconds until the screen closes by itself.
    pub closing_in: Option<u64>,
}

impl Default for View {
    fn default() -> Self {
        Self {
            access: Access::Command,
            moment: None,
            table: Table::default(),
            picked: None,
            sheet: None,
            upward: Upward::default(),
            focus: Pane::Sizes,
            zoomed: false,
            row: None,
            log_back: 0,
            help_top: 0,
            frozen: false,
            overlay: None,
            message: None,
            leaving: Leaving::No,
            kept_open: false,
            closing_in: None,
        }
    }
}

impl View {
    /// Whether Home and End go to the first and the last sample rather than scroll.
    pub fn travels(&self) -> bool {
        self.moment.is_some() && self.overlay.is_none()
    }

    /// The sample that is picked in the table, by number; none when it is empty.
    pub fn picked_sample(&self) -> Option<usize> {
        let latest = self.table.latest()?;
        let first = self.table.earlier() + 1;
        Some(match self.moment {
            Some(moment) => moment.at,
            None => self.picked.map_or(latest, |picked| picked.max(first)),
        })
    }

    /// Whether keys are for the table of samples or the exchanges of one.
    pub fn in_sheet(&self) -> bool {
        self.sheet.is_some() && self.overlay.is_none()
    }

    /// The pane that has the screen to itself.
    pub fn zoom(&self) -> Option<Pane> {
        let zoomed = self.zoomed.then_some(self.focus);
        self.sheet.map(Sheet::pane).or(zoomed)
    }

    /// The pane that keys are for.
    pub fn front(&self) -> Pane {
        self.sheet.map_or(self.focus, Sheet::pane)
    }
}
