//! `sebs-tui report`.

use std::process::ExitCode;

use sebs_tui::cli::{ReportForm, ReportOptions};
use sebs_tui::store::{self};

use super::{Done, tell};

/// `sebs-tui report`: makes a report of a run that is on disk.
pub fn report_run(options: &ReportOptions) -> Done {
    let report = store::Report::read(&options.directory, options.attempt)?
        .against(&options.directory, &options.against)?;
    match &options.form {
        ReportForm::Html(out) => {
            let beside = options.directory.join(store::report::FILE_NAME);
            let path = out.as_ref().unwrap_or(&beside);
            report.write_html(path)?;
            tell(format_args!("{}\n", path.display()))?;
        }
        ReportForm::Svg(directory) => {
            for path in report.write_svgs(directory)? {
                tell(format_args!("{}\n", path.display()))?;
            }
        }
        ReportForm::Markdown => tell(report.markdown())?,
        ReportForm::Json => tell(format_args!("{}\n", report.json()))?,
    }
    Ok(ExitCode::SUCCESS)
}
