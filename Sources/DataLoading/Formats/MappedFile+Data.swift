import Files

extension MappedFile {
  /// Maps a file of a data set; `advice` says what to do if it is missing.
  convenience init(path: String, advice: String) throws(DataError) {
    do throws(FileError) {
      try self.init(path)
    } catch {
      if error.isMissing { throw .missing(path: path, advice: advice) }
      switch error.action {
      case .open, .create: throw .unreadable(path: path, reason: error.reason)
      case .read, .write: throw .readFailed(path: path, reason: error.reason)
      }
    }
  }
}
