//! Exports the entire catalogue to CSV and JSON Lines, page by page, and resumes after an interruption.
//!
//! ```text
//! cargo run --example export_catalogue -- [DIRECTORY] [--pages N]
//! ```
//!
//! `DIRECTORY` defaults to `target/catalogue`. `--pages` stops after that many pages, as an interruption would. If
//! `API_BASE_URL`, `API_KEY` and `API_SECRET` are set, it uses that server, and a local sandbox otherwise. Only one
//! page is in memory at a time.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

mod table;

use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use popup_rewards::sandbox::Sandbox;
use popup_rewards::{ListProducts, Page, Product, ProductSort, Session, SortDirection};
use serde::{Deserialize, Serialize};

const PER_PAGE: u32 = 100;

fn main() -> anyhow::Result<()> {
    let options = Options::from_args(env::args().skip(1))?;
    fs::create_dir_all(&options.directory)
        .with_context(|| format!("cannot create {}", options.directory.display()))?;

    // The sandbox runs until `_sandbox` is dropped.
    let (session, source, _sandbox) = if let Some(url) = env::var_os("API_BASE_URL") {
        (Session::from_env()?, url.to_string_lossy().into_owned(), None)
    } else {
        let sandbox = Sandbox::start()?;
        (sandbox.session(), "sandbox".to_owned(), Some(sandbox))
    };

    let mut export = Export::open(&options.directory, &source)?;
    if export.done.pages > 0 {
        println!("resuming after page {} ({} products)", export.done.pages, export.done.products);
    }
    if run(&session, &mut export, options.most_pages)? {
        let products = export.done.products;
        let [csv, lines] = export.finish()?;
        println!("{products} products in {} and {}", csv.display(), lines.display());
    } else {
        println!("stopped after page {}; run it again to resume", export.done.pages);
    }
    Ok(())
}

/// Fetches and writes the pages. Returns whether it reached the last one.
fn run(session: &Session, export: &mut Export, most_pages: u32) -> anyhow::Result<bool> {
    // Ids only grow, so a product that is added meanwhile comes last and shifts no page.
    let filter =
        ListProducts::new().limit(PER_PAGE).sort_by(ProductSort::Id).sort_dir(SortDirection::Ascending);
    let bar = ProgressBar::no_length()
        .with_style(ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} products, {eta} left")?);
    let mut changed = false;
    let mut reached_end = false;
    for fetched in 0..most_pages {
        let mut page = session.list_products(&filter.clone().page(export.next_page()))?;
        if fetched == 0 && export.done.pages > 0 && page.total != export.done.total {
            println!("the catalogue has changed; starting over");
            export.start_over()?;
            page = session.list_products(&filter.clone().page(1))?;
        }
        changed |= export.done.pages > 0 && page.total != export.done.total;
        if let Some(total) = page.total {
            bar.set_length(total);
        }
        export.write(&page)?;
        bar.set_position(export.done.products);
        if !page.has_more || page.items.is_empty() {
            reached_end = true;
            break;
        }
    }
    bar.finish_and_clear();
    if changed {
        println!("the catalogue changed during the export: a product may be missing or appear twice");
    }
    Ok(reached_end)
}

/// Two growing files, and a third one that records how much of them is complete.
struct Export {
    csv: Target,
    lines: Target,
    progress_path: PathBuf,
    done: Progress,
}

/// What is certainly on the disk.
#[derive(Default, Serialize, Deserialize)]
struct Progress {
    source: String,
    per_page: u32,
    pages: u32,
    products: u64,
    total: Option<u64>,
    csv_bytes: u64,
    lines_bytes: u64,
}

impl Progress {
    fn none(source: &str) -> Self {
        Progress { source: source.to_owned(), per_page: PER_PAGE, ..Progress::default() }
    }
}

impl Export {
    /// Resumes an unfinished export of the same catalogue, or starts a new one.
    fn open(directory: &Path, source: &str) -> anyhow::Result<Self> {
        let progress_path = directory.join("progress.json");
        let csv = Target::open(directory, "products.csv")?;
        let lines = Target::open(directory, "products.jsonl")?;
        // A progress file that is unreadable, or claims more than there is, is ignored.
        let saved = fs::read(&progress_path).ok().and_then(|json| serde_json::from_slice(&json).ok());
        let done = saved
            .filter(|saved: &Progress| saved.source == source && saved.per_page == PER_PAGE)
            .filter(|saved| csv.holds(saved.csv_bytes) && lines.holds(saved.lines_bytes))
            .unwrap_or_else(|| Progress::none(source));
        let mut export = Export { csv, lines, progress_path, done };
        // Cuts off what was written after the last complete page, such as half a line.
        export.csv.cut(export.done.csv_bytes)?;
        export.lines.cut(export.done.lines_bytes)?;
        Ok(export)
    }

    fn start_over(&mut self) -> anyhow::Result<()> {
        self.csv.cut(0)?;
        self.lines.cut(0)?;
        self.done = Progress::none(&self.done.source);
        Ok(())
    }

    fn next_page(&self) -> u32 {
        self.done.pages.saturating_add(1)
    }

    /// Writes a page to both files, and records it once it is on the disk.
    fn write(&mut self, page: &Page<Product>) -> anyhow::Result<()> {
        let first = self.done.pages == 0;
        let csv_bytes = self.csv.append(|out| table::write(out, &page.items, first))?;
        let lines_bytes = self.lines.append(|out| write_lines(out, &page.items))?;
        let done = Progress {
            pages: self.next_page(),
            products: self.done.products + u64::try_from(page.items.len())?,
            total: page.total,
            csv_bytes,
            lines_bytes,
            ..Progress::none(&self.done.source)
        };
        save(&self.progress_path, &done)?;
        self.done = done;
        Ok(())
    }

    /// Gives the files their final names. A file with a final name is always complete.
    fn finish(self) -> anyhow::Result<[PathBuf; 2]> {
        let paths = [self.csv.publish()?, self.lines.publish()?];
        fs::remove_file(&self.progress_path).context("cannot remove the progress file")?;
        Ok(paths)
    }
}

/// A file with a temporary name until it is complete.
struct Target {
    file: File,
    part: PathBuf,
    path: PathBuf,
}

impl Target {
    fn open(directory: &Path, name: &str) -> anyhow::Result<Self> {
        let part = directory.join(format!("{name}.part"));
        let file = OpenOptions::new().create(true).write(true).truncate(false).open(&part);
        let file = file.with_context(|| format!("cannot open {}", part.display()))?;
        Ok(Target { file, part, path: directory.join(name) })
    }

    fn holds(&self, bytes: u64) -> bool {
        self.file.metadata().is_ok_and(|found| found.len() >= bytes)
    }

    fn cut(&mut self, bytes: u64) -> anyhow::Result<()> {
        let cut = self.file.set_len(bytes).and_then(|()| self.file.seek(SeekFrom::End(0)));
        cut.map(drop).with_context(|| format!("cannot shorten {}", self.part.display()))
    }

    /// Appends, waits until it is on the disk, and returns the length of the file.
    fn append(
        &mut self,
        write: impl FnOnce(&mut BufWriter<&File>) -> anyhow::Result<()>,
    ) -> anyhow::Result<u64> {
        let appended = || {
            let mut out = BufWriter::new(&self.file);
            write(&mut out)?;
            out.flush()?;
            self.file.sync_data()?;
            Ok::<_, anyhow::Error>(self.file.metadata()?.len())
        };
        appended().with_context(|| {
            let part = self.part.display();
            format!("cannot write {part}; see to it (is the disk full?) and run again to go on from here")
        })
    }

    fn publish(self) -> anyhow::Result<PathBuf> {
        fs::rename(&self.part, &self.path)
            .with_context(|| format!("cannot rename {}", self.part.display()))?;
        Ok(self.path)
    }
}

/// One line per product, with everything that the server sent.
fn write_lines(out: &mut impl Write, products: &[Product]) -> anyhow::Result<()> {
    for product in products {
        serde_json::to_writer(&mut *out, product)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// Replaces a file atomically, so it is never half written.
fn save(path: &Path, progress: &Progress) -> anyhow::Result<()> {
    let new = path.with_extension("new");
    let replaced = fs::write(&new, serde_json::to_vec(progress)?).and_then(|()| fs::rename(&new, path));
    replaced.with_context(|| {
        format!(
            "cannot write {}; see to it (is the disk full?) and run again to go on from here",
            path.display()
        )
    })
}

struct Options {
    directory: PathBuf,
    most_pages: u32,
}

impl Options {
    fn from_args(mut args: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut options = Options { directory: PathBuf::from("target/catalogue"), most_pages: u32::MAX };
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--pages" => {
                    let pages = args.next().and_then(|pages| pages.parse().ok()).filter(|&pages| pages > 0);
                    options.most_pages = pages.context("--pages takes a number, 1 or more")?;
                }
                unknown if unknown.starts_with('-') => {
                    bail!("usage: export_catalogue [DIRECTORY] [--pages N]")
                }
                directory => options.directory = PathBuf::from(directory),
            }
        }
        Ok(options)
    }
}
