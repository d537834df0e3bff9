import CRuntime
package import Diagnostics

/// The words that this process was started with, after the program's name.
///
/// The standard library reads them from `/proc`, which need not be there, and repairs what is not UTF-8,
/// so that a path would become another one.
///
/// - Throws: exit code 64 where one is not UTF-8.
package func commandLineWords() throws(WordError) -> [String] {
  var words: [String] = []
  for index in 1..<max(1, Int(lk_argument_count())) {
    let bytes = lk_argument(Int32(index))
    guard let word = String(validatingCString: bytes) else {
      throw WordError(index: index, text: String(cString: bytes))
    }
    words.append(word)
  }
  return words
}

/// A word of a command line that is not text.
package struct WordError: ReportableError {
  let index: Int
  let text: String

  package var description: String {
    "word \(index) of the command line, '\(printable(text))', is not text in UTF-8; give such a file or "
      + "directory another name, or a link to it"
  }

  package var exitCode: ExitCode { .usage }
}
