/// A rank of a job as those see it who prepare its work: which part is its, and what it does now.
public protocol StepMember: AnyObject {
  /// This process's number, `0 ..< size`.
  var rank: Int { get }
  /// The number of ranks of the job.
  var size: Int { get }
  /// What this rank works on now.
  var step: StepContext { get }

  /// Notes what this rank is doing from now on, and where; costs less than a microsecond.
  ///
  /// Where other ranks wait too long, the report says so: "rank 3 is in data loading for 41 s".
  ///
  /// - Parameter step: the number of the training step, from 1; nil leaves it as it was.
  func note(_ phase: Phase, step: Int?)
}

extension StepMember {
  /// Notes what this rank is doing from now on.
  public func note(_ phase: Phase) { note(phase, step: nil) }
}
