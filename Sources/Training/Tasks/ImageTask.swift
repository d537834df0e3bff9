import Lockstep
import Support

/// To tell the class of an image.
struct ImageTask: LearningTask {
  static let kind = "images"

  /// The names of the classes; a label is a place in this list.
  private let classes: [String]
  /// The shape of an image.
  private let shape: Shape

  /// A set of images that `--data` can name.
  private struct Source: Sendable {
    let name: String
    let place: String?
    let classes: [String]
    let training: @Sendable (String, UInt64) throws -> any Dataset
    let test: @Sendable (String) throws -> any Dataset
  }

  private static let numerals = (0...9).map(String.init)

  private static let sources = [
    Source(
      name: "digits", place: nil, classes: numerals,
      training: { _, _ in Digits(.train) }, test: { _ in Digits(.test) }),
    Source(
      name: "mnist", place: "DIR", classes: numerals,
      training: { directory, _ in try MNIST(.train, in: directory) },
      test: { try MNIST(.test, in: $0) }),
    Source(
      name: "cifar10", place: "DIR",
      classes: [
        "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
      ],
      training: { directory, seed in
        try CIFAR10(.train, in: directory, normalized: false).augmented(
          by: RandomCrop(32, padding: 4), RandomHorizontalFlip(),
          Normalize(mean: CIFAR10.mean, standardDeviation: CIFAR10.standardDeviation), seed: seed)
      },
      test: { try CIFAR10(.test, in: $0) }),
  ]

  static let formats = sources.map(format)
  static let digits = format(sources[0])

  private static func format(_ source: Source) -> DataFormat {
    DataFormat(name: source.name, place: source.place, kind: kind) { place, options in
      let training = try source.training(place, options.seed)
      return PreparedTask(
        task: ImageTask(classes: source.classes, shape: training.inputShape),
        training: CountedSamples(dataset: training), heldOut: try source.test(place))
    }
  }

  private init(classes: [String], shape: Shape) {
    self.classes = classes
    self.shape = shape
  }

  func heldOut(of data: EvaluationData) throws -> any Dataset {
    guard let source = Self.sources.first(where: { $0.name == data.source.format.name }) else {
      throw RunError.otherKind(data.source, of: Self.kind)
    }
    let images = try source.test(data.source.place)
    guard images.inputShape == shape else {
      throw RunError.otherSamples(
        data.source,
        "its samples have the shape \(images.inputShape), and the run learned from "
          + "samples of the shape \(shape)")
    }
    guard source.classes == classes else {
      throw RunError.otherSamples(
        data.source,
        "its classes are \(beginning(of: source.classes) { $0 }), and the run knows "
          + beginning(of: classes) { printable($0) })
    }
    return images
  }
}

// MARK: - Judging

extension ImageTask {
  var signature: ModelSignature { ModelSignature(input: .numbers(shape), outputs: classes.count) }
  var lossUnit: Double { 1 }
  var split: String { "test" }
  var evaluationBatch: Int { evaluationBatch(ofShape: shape) }

  func loss(_ output: Tensor, _ targets: Tensor) -> Tensor { crossEntropy(output, targets) }

  func totals(_ output: Tensor, _ targets: Tensor) -> EvaluationTotals {
    EvaluationTotals(ofClasses: targets, predictedBy: output)
  }

  func result(of totals: EvaluationTotals) -> EvaluationResult {
    EvaluationResult(split: split, totals, accuracy: totals.correct / totals.predictions)
  }
}

// MARK: - What a run remembers

extension ImageTask {
  var record: JSONObject {
    JSONObject(["classes": .texts(classes), "shape": .integers(shape)])
  }

  init(reading reader: inout JSONReader) throws(HeaderProblem) {
    var (classes, shape): ([String]?, [Int]?)
    try reader.readMembers(of: "images") { (reader, key) throws(HeaderProblem) in
      switch key {
      case "classes": classes = try reader.readNames("classes")
      case "shape": shape = try reader.readIntegers(atMost: 3)
      default: throw unknownMember(key, of: "images")
      }
    }
    guard let classes, classes.count >= 2 else { throw missing("two classes", of: "images") }
    guard let shape, !shape.isEmpty, shape.allSatisfy({ (1...4096).contains($0) }),
      shape.reduce(1, *) <= 1 << 24
    else { throw missing("a shape with sizes from 1 to 4096", of: "images") }
    self.init(classes: classes, shape: Shape(shape))
  }
}
