import Diagnostics

/// When a run saves checkpoints, and which of them stay.
///
/// A signal, a new best score and the end of the run save besides.
public struct Saving: Sendable {
  /// Steps from one checkpoint to the next; nil: steps do not matter.
  public var everySteps: Int?
  /// Seconds from one checkpoint to the next, by rank 0's clock; nil: time does not matter. It never
  /// waits for a checkpoint that is still being written.
  public var everySeconds: Double?
  /// How many of the newest stay.
  public var keepingLast: Int
  /// Those of steps that are multiples of this stay as well; nil: none does.
  public var keepingEvery: Int?

  /// By default every 30 seconds, and the last three stay. Stops for numbers that are not positive.
  public init(
    everySteps: Int? = nil, everySeconds: Double? = 30, keepingLast: Int = 3,
    keepingEvery: Int? = nil
  ) {
    let numbers: [(String, Double?)] = [
      ("everySteps", everySteps.map(Double.init)), ("everySeconds", everySeconds),
      ("keepingLast", Double(keepingLast)), ("keepingEvery", keepingEvery.map(Double.init)),
    ]
    for case (let name, let number?) in numbers {
      check(number > 0, "Saving: \(name) is \(number), but must be positive")
    }
    self.everySteps = everySteps
    self.everySeconds = everySeconds
    self.keepingLast = keepingLast
    self.keepingEvery = keepingEvery
  }

  /// Every so many steps, and not by time.
  public static func every(steps: Int) -> Saving { Saving(everySteps: steps, everySeconds: nil) }

  /// Every so many seconds.
  public static func every(seconds: Double) -> Saving { Saving(everySeconds: seconds) }

  /// Those of `names`, oldest first, that are to go.
  package func superfluous(_ names: [CheckpointName], best: Int?) -> [CheckpointName] {
    let last = Set(names.suffix(keepingLast))
    return names.enumerated().compactMap { index, name in
      // Of several of one step the newest counts.
      let isReplaced = index + 1 < names.count && names[index + 1].step == name.step
      let isKept = name.step == best || keepingEvery.map { name.step % $0 == 0 } ?? false
      return last.contains(name) || (isKept && !isReplaced) ? nil : name
    }
  }
}

/// Whether a run is new.
public enum RunStart: Sendable {
  /// It goes on with the run in the directory, if there is one, and is new else.
  case automatic
  /// It is new; the directory must not hold results of another one.
  case new
  /// It goes on from a checkpoint in the directory; without one it is an error.
  case resumed
}
