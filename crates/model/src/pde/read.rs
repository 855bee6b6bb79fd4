//! Problem files, and the arrays that they name.

use std::cell::RefCell;
use std::io::Read;
use std::path::Path;

use ansatz_problem::{Array, Problem, ProblemError};

use super::{Pde, PdeError};
use crate::io::{ReadError, csv, npy, regular};

/// No problem needs a longer file.
const LONGEST: u64 = 1 << 20;

impl Pde {
    /// Reads a problem file, with parameters set as in [`Problem::parse`]; the files that it names lie beside it.
    ///
    /// # Errors
    /// A file that cannot be read, and whatever is wrong in it, with its place and what to do.
    pub fn read(path: &Path, set: &[(String, String)]) -> Result<Self, PdeError> {
        let name = path.display().to_string();
        let text = text(path, &name)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let files = RefCell::new(Vec::new());
        let problem = Problem::parse_with(&name, &text, set, &|file, most| {
            let path = folder.join(file);
            let found = array(&path, file, most);
            files.borrow_mut().push(path);
            found
        })?;
        Ok(Self { files: files.into_inner(), ..Self::from(problem).in_folder(folder) })
    }
}

fn text(path: &Path, name: &str) -> Result<String, ReadError> {
    let bad = |problem: String, expected: String, remedy: &str| ReadError::BadData {
        file: name.to_owned(),
        line: None,
        problem,
        expected,
        remedy: remedy.to_owned(),
    };
    let unreadable = |source| ReadError::from_io(name, source);
    let mut bytes = Vec::new();
    regular::open(path, name)?.take(LONGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LONGEST {
        return Err(bad(
            format!("more than {LONGEST} bytes"),
            format!("a problem file of at most {LONGEST} bytes"),
            "check that it is one",
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        bad(format!("byte {at} is no UTF-8"), "a text in TOML".to_owned(), "save the file as UTF-8")
    })
}

/// The array in the npy or csv file at `path`, which the problem file calls `file`.
fn array(path: &Path, file: &str, most: usize) -> Result<Array, ProblemError> {
    let is_csv = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    let found = if is_csv {
        csv::read(path, most).map(|csv::Table { names, values, lines, columns }| Array {
            shape: vec![lines.len(), columns],
            values,
            columns: names,
            lines,
        })
    } else {
        let array = regular::open(path, file).and_then(|_| npy::read_array_of(path, most));
        array.map(|array| Array::new(array.shape, array.values))
    };
    let [problem, expected, remedy] = match found {
        Ok(array) => return Ok(array),
        Err(ReadError::BadData { line, problem, expected, remedy, .. }) => {
            let line = line.map(|line| format!("line {line}: ")).unwrap_or_default();
            [format!("{line}{problem}"), expected, remedy]
        }
        Err(ReadError::NotFound { .. }) => [
            format!("no such file: {}", path.display()),
            "an npy or csv file, named from the folder of the problem file".to_owned(),
            "check its name".to_owned(),
        ],
        Err(ReadError::Io { source, .. }) => [
            format!("cannot be read: {source}"),
            "a readable npy or csv file".to_owned(),
            "check that it is one, and its permissions".to_owned(),
        ],
    };
    let problem = format!("`{file}`: {problem}");
    Err(ProblemError { place: None, key: String::new(), column: None, problem, expected, remedy })
}
