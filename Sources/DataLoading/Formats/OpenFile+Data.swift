import Diagnostics
import Support

extension OpenFile {
  /// Opens a file of a data set; `advice` says what to do if it is missing.
  convenience init(path: String, advice: String) throws(DataError) {
    do throws(FileError) { try self.init(path) } catch { throw DataError(error, advice: advice) }
  }
}

extension OpenFile {
  /// Fills `buffer` as `read(at:into:)` does, for those who cannot throw: stops the job where the file
  /// cannot be read any more, with status 74.
  func fill(_ buffer: UnsafeMutableRawBufferPointer, from offset: Int) {
    do throws(FileError) { try read(at: offset, into: buffer) } catch {
      stop(error.description, status: error.exitCode)
    }
  }
}

extension DataError {
  /// What `error` means for a data set; `advice` says what to do if the file is missing.
  init(_ error: FileError, advice: String) {
    if error.isMissing {
      self = .missing(path: error.path, advice: advice)
      return
    }
    switch error.action {
    case .open, .create: self = .unreadable(path: error.path, reason: error.reason)
    case .read, .write: self = .readFailed(path: error.path, reason: error.reason)
    }
  }
}
