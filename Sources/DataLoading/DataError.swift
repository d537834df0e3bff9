public import Diagnostics

/// A data set that cannot be read or used.
public enum DataError: ReportableError, Equatable {
  /// There is no such file or directory.
  case missing(path: String, advice: String)
  /// The file is there but cannot be opened as one.
  case unreadable(path: String, reason: String)
  /// Reading failed half-way.
  case readFailed(path: String, reason: String)
  /// The content is not what the format asks for.
  case malformed(file: String, problem: String)
  /// The content cannot be used as asked: a line of a text file is wrong, or the use asks for more
  /// than there is.
  case unusable(file: String, line: Int?, problem: String, advice: String)
  /// A text that is to be encoded has a character that the vocabulary lacks; `index` counts from 0.
  case unknownCharacter(Unicode.Scalar, index: Int, vocabularySize: Int)
  /// Some ranks would never see a sample.
  case tooFewSamples(samples: Int, ranks: Int)

  /// What was wrong and where, what was expected, and what to do.
  public var description: String {
    switch self {
    case .missing(let path, let advice):
      "\(path): no such file or directory; \(advice)"
    case .unreadable(let path, let reason):
      "\(path): cannot be opened (\(reason)); make it a readable file"
    case .readFailed(let path, let reason):
      "\(path): reading failed (\(reason)); check the disk and try again"
    case .malformed(let file, let problem):
      "\(file): \(problem); use an undamaged copy of the file"
    case .unusable(let file, let line, let problem, let advice):
      "\(file)\(line.map { ":\($0)" } ?? ""): \(problem); \(advice)"
    case .unknownCharacter(let character, let index, let vocabularySize):
      "character \(index) of the text, \(name(of: character)), is not one of the "
        + "\(vocabularySize) of the vocabulary; leave it out"
    case .tooFewSamples(let samples, let ranks):
      "the data set has \(samples) samples, but \(ranks) ranks need at least one each; "
        + "use more data or fewer ranks"
    }
  }

  /// Status 66 for what is missing, 74 for a failed read, 65 for bad content.
  public var exitCode: ExitCode {
    switch self {
    case .missing, .unreadable: .missingInput
    case .readFailed: .inputOutput
    case .malformed, .unusable, .unknownCharacter, .tooFewSamples: .badData
    }
  }
}

extension Dataset {
  /// Throws unless there is a sample for each of `ranks` ranks.
  ///
  /// `DataLoader` stops the program where this throws. A program whose user chooses the data and
  /// the number of ranks calls this first, to end with the error's own exit code.
  public func requireSamples(forRanks ranks: Int) throws(DataError) {
    if count < ranks { throw .tooFewSamples(samples: count, ranks: ranks) }
  }
}
