import Diagnostics
import Glibc

/// The variables of the environment by which users choose what Lockstep does.
package enum Setting: String, CaseIterable {
  case threads = "LOCKSTEP_NUM_THREADS"
  case products = "LOCKSTEP_PRODUCTS"
  case warnAfter = "LOCKSTEP_WARN_AFTER"
  case abortAfter = "LOCKSTEP_ABORT_AFTER"
  case storageAfter = "LOCKSTEP_STORAGE_AFTER"
  /// Set by the launcher for a run: that it listens, and which run is started again.
  case launcher = "LOCKSTEP_LAUNCHER"
  case restart = "LOCKSTEP_RESTART"
  case columns = "LOCKSTEP_COLUMNS"
  case mnist = "LOCKSTEP_MNIST"
  case fashionMNIST = "LOCKSTEP_FASHION_MNIST"
  case cifar10 = "LOCKSTEP_CIFAR10"

  /// How the names of all of them begin, and of those that only users' programs know.
  private static let prefix = "LOCKSTEP_"

  /// What the environment says; nil where it says nothing, or the empty text. Stops the program, with
  /// status 78, where that is not UTF-8: a path would become another one.
  package var text: String? {
    guard let value = getenv(rawValue), value.pointee != 0 else { return nil }
    guard let text = String(validatingCString: value) else {
      refuse(String(cString: value), "text in UTF-8")
    }
    return text
  }

  /// A whole number that the environment says; nil where it says nothing. Stops the program, with
  /// status 78, where it is none from `range`.
  package func number(
    in range: ClosedRange<Int>, of text: (String) -> String? = { Setting(rawValue: $0)?.text }
  ) -> Int? {
    guard let text = text(rawValue), !text.isEmpty else { return nil }
    guard let number = Int(text), range.contains(number) else {
      refuse(text, "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// The seconds that the environment says; nil where it says nothing. Stops the program, with status 78,
  /// where that is no number from 0.
  package var seconds: Double? {
    guard let text else { return nil }
    guard let seconds = secondsIfSound else {
      refuse(text, "a number of seconds, and 0 means never")
    }
    return seconds
  }

  /// The same for who comes before the one that refuses nonsense: nil for that.
  package var secondsIfSound: Double? {
    text.flatMap { Double($0) }.flatMap { $0 >= 0 && $0.isFinite ? $0 : nil }
  }

  /// Stops the program, with status 78: the variable is `text` and not what is `expected`.
  package func refuse(_ text: String, _ expected: String) -> Never {
    stop(
      "\(rawValue) is '\(printable(text, limit: 40))'; it must be \(expected)",
      status: .configuration)
  }

  /// All variables of this process whose names begin as those of Lockstep, by name, and whether Lockstep
  /// reads them.
  package static func all() -> [(name: String, value: String, isKnown: Bool)] {
    var found: [(name: String, value: String, isKnown: Bool)] = []
    var next = environ
    while let entry = next.pointee.map({ String(cString: $0) }) {
      next += 1
      guard entry.hasPrefix(prefix) else { continue }
      let name = String(entry.prefix { $0 != "=" })
      let value = String(entry.dropFirst(name.count + 1))
      found.append((name, value, Setting(rawValue: name) != nil))
    }
    return found.sorted { $0.name < $1.name }
  }
}
