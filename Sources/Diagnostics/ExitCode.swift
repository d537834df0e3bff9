/// The exit status of a job, after `sysexits.h`; it passes through `mpirun` unchanged.
public struct ExitCode: RawRepresentable, Hashable, Sendable {
  /// The status as the operating system sees it.
  public let rawValue: Int32

  /// The status `rawValue`.
  public init(rawValue: Int32) { self.rawValue = rawValue }

  /// The command line is wrong.
  public static let usage = ExitCode(rawValue: 64)
  /// A data file or checkpoint has bad content.
  public static let badData = ExitCode(rawValue: 65)
  /// A file or directory that is to be read is missing or unreadable.
  public static let missingInput = ExitCode(rawValue: 66)
  /// MPI or the launcher is unavailable, or the launch is wrong.
  public static let unavailable = ExitCode(rawValue: 69)
  /// A mistake in the program.
  public static let internalError = ExitCode(rawValue: 70)
  /// The system refuses memory or a thread.
  public static let system = ExitCode(rawValue: 71)
  /// A file or directory cannot be created.
  public static let cannotCreate = ExitCode(rawValue: 73)
  /// Reading or writing failed, for example on a full disk.
  public static let inputOutput = ExitCode(rawValue: 74)
  /// A rank was lost or did not answer in time; trying again makes sense.
  public static let peerLost = ExitCode(rawValue: 75)
  /// Ranks disagree about what they do or hold.
  public static let ranksDisagree = ExitCode(rawValue: 76)
  /// The configuration cannot work.
  public static let configuration = ExitCode(rawValue: 78)
  /// A loss or gradient is not finite.
  public static let nonFinite = ExitCode(rawValue: 79)
  /// Stopped as a signal or a limit of time asked for, after saving: the run can go on.
  public static let stopped = ExitCode(rawValue: 85)
}
