import Glibc

/// Where the files of a data set are: the directory that the caller names, else the value of an
/// environment variable, else a default.
struct DataDirectory {
  let path: String
  /// The variable that says where, unless the caller did.
  private let variable: String?

  init(_ directory: String?, variable: String, default defaultPath: String) {
    self.variable = directory == nil ? variable : nil
    if let directory {
      path = directory
    } else if let value = getenv(variable), value.pointee != 0 {
      path = String(cString: value)
    } else {
      path = defaultPath
    }
  }

  /// What to do if a file is missing.
  func advice(toPut files: String) -> String {
    "put \(files) there or "
      + (variable.map { "set \($0) to their directory" } ?? "name the directory that has them")
  }
}
