import ArgumentParser
import Lockstep

/// Where samples come from: the value of `--data`.
enum DataSource: ExpressibleByArgument, CustomStringConvertible {
  /// The handwritten digits that are part of the program: 8×8 pixels.
  case digits
  /// A directory with the four IDX files of MNIST or of a set in its format.
  case mnist(directory: String)
  /// A directory with the binary files of CIFAR-10.
  case cifar10(directory: String)
  /// A table.
  case csv(file: String)
  /// A text to learn character by character.
  case text(file: String)

  init?(argument: String) {
    let parts = argument.split(separator: ":", maxSplits: 1).map(String.init)
    switch (parts.first, parts.count) {
    case ("digits", 1): self = .digits
    case ("mnist", 2): self = .mnist(directory: parts[1])
    case ("cifar10", 2): self = .cifar10(directory: parts[1])
    case ("csv", 2): self = .csv(file: parts[1])
    case ("text", 2): self = .text(file: parts[1])
    default: return nil
    }
  }

  var description: String {
    switch self {
    case .digits: "digits"
    case .mnist(let directory): "mnist:\(directory)"
    case .cifar10(let directory): "cifar10:\(directory)"
    case .csv(let file): "csv:\(file)"
    case .text(let file): "text:\(file)"
    }
  }

  static let allValueStrings = ["digits", "mnist:DIR", "cifar10:DIR", "csv:FILE", "text:FILE"]

  var isTable: Bool { if case .csv = self { true } else { false } }
  var isText: Bool { if case .text = self { true } else { false } }
}

/// What a model learns to make small: the value of `--loss`.
enum LossName: String, ExpressibleByArgument, CaseIterable {
  case crossEntropy, mse
}
