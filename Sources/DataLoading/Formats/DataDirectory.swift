import Support

/// Where the files of a data set are: the directory that the caller names, else the value of an
/// environment variable, else a default.
struct DataDirectory {
  let path: String
  /// The variable that says where, unless the caller did.
  private let variable: Setting?

  init(_ directory: String?, variable: Setting, default defaultPath: String) {
    self.variable = directory == nil ? variable : nil
    if let directory {
      path = directory
    } else {
      path = variable.text ?? defaultPath
    }
  }

  /// What to do if a file is missing.
  func advice(toPut files: String) -> String {
    "put \(files) there or "
      + (variable.map { "set \($0.rawValue) to their directory" }
        ?? "name the directory that has them")
  }
}
