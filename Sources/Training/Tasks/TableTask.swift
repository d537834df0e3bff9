import Lockstep
import Support

/// To predict a column of a table from the others.
struct TableTask: LearningTask {
  static let kind = "table"

  /// How the table's cells became numbers.
  private let encoding: TableEncoding
  /// A digest of the file that the run learned from.
  private let file: UInt64

  private static let advice = "check the path of the CSV file"
  /// How much of the run's own table is for testing.
  private static let heldOutPart = 0.2

  static let formats = [
    DataFormat(
      name: "csv", place: "FILE", kind: kind, hasColumns: true,
      prepare: { try prepare($0, $1) })
  ]

  private static func prepare(_ path: String, _ options: TaskOptions) throws -> PreparedTask {
    guard let target = options.target else { throw ConfigurationError.noTarget(path) }
    let file = try digest(ofFile: path, advice: advice)
    let table: (encoding: TableEncoding, training: any Dataset, heldOut: any Dataset)
    if options.loss == .mse {
      let rows = try TabularData(
        csv: path, predicting: target, ignoring: options.ignored, holdingOut: heldOutPart,
        seed: options.seed, standardizingTarget: true)
      table = (rows.encoding, rows.train, rows.test)
    } else {
      let rows = try TabularData(
        csv: path, classifying: target, ignoring: options.ignored, holdingOut: heldOutPart,
        seed: options.seed)
      if options.loss == nil {
        try requireNames(rows.classes, rows: rows.train.count + rows.test.count, path, target)
      }
      table = (rows.encoding, rows.train, rows.test)
    }
    return PreparedTask(
      task: TableTask(encoding: table.encoding, file: file),
      training: CountedSamples(dataset: table.training), heldOut: table.heldOut,
      notes: table.encoding.features.contains("")
        ? [
          "note: a column of \(path) has no name, and is learned from like the others; "
            + "--ignore \"\" leaves it out"
        ] : [])
  }

  /// Refuses classes that look like measurements: so many different numbers that few rows share one.
  private static func requireNames(
    _ classes: [String], rows: Int, _ path: String, _ target: String
  ) throws {
    let numbers = classes.compactMap(Double.init)
    guard numbers.count == classes.count, numbers.count > 20 else { return }
    let areWhole = numbers.allSatisfy { $0.rounded() == $0 }
    if !areWhole || numbers.count > 100 || numbers.count * 10 > rows {
      throw ConfigurationError.numbersAsClasses(path, column: target, count: numbers.count)
    }
  }

  func heldOut(of data: EvaluationData) throws -> any Dataset {
    guard data.source.format.kind == Self.kind else {
      throw RunError.otherKind(data.source, of: Self.kind)
    }
    let path = data.source.place
    let isOwn = try digest(ofFile: path, advice: Self.advice) == file
    func part(_ rows: InMemoryDataset<Float, some TensorElement>) -> any Dataset {
      guard isOwn else { return rows }
      let parts = SampleOrder.split(
        count: rows.count, holdingOut: Self.heldOutPart, seed: data.seed)
      return Subset(rows, parts.heldOut)
    }
    let samples: any Dataset =
      switch encoding.targets {
      case .classes: part(try encoding.classified(csv: path))
      case .numbers: part(try encoding.measured(csv: path))
      }
    if data.isPlaceOfRun, !isOwn { throw RunError.changedData(path) }
    return samples
  }
}

// MARK: - Judging

extension TableTask {
  var signature: ModelSignature {
    ModelSignature(
      input: .numbers([encoding.features.count]),
      outputs: encoding.classes.isEmpty ? 1 : encoding.classes.count)
  }

  var split: String { "test" }
  var evaluationBatch: Int { evaluationBatch(ofShape: [encoding.features.count]) }

  /// Errors are made small in deviations of the target and told in its own unit, squared.
  var lossUnit: Double {
    guard case .numbers(_, let deviation) = encoding.targets else { return 1 }
    return deviation * deviation
  }

  func loss(_ output: Tensor, _ targets: Tensor) -> Tensor {
    switch encoding.targets {
    case .classes: crossEntropy(output, targets)
    case .numbers: mseLoss(output, targets)
    }
  }

  func totals(_ output: Tensor, _ targets: Tensor) -> EvaluationTotals {
    switch encoding.targets {
    case .classes: EvaluationTotals(ofClasses: targets, predictedBy: output)
    case .numbers: EvaluationTotals(ofNumbers: targets, predictedBy: output)
    }
  }

  func result(of totals: EvaluationTotals) -> EvaluationResult {
    switch encoding.targets {
    case .classes:
      EvaluationResult(split: split, totals, accuracy: totals.correct / totals.predictions)
    case .numbers:
      EvaluationResult(split: split, totals, lossUnit: lossUnit, r2: totals.determination)
    }
  }
}

// MARK: - What a run remembers

extension TableTask {
  var record: JSONObject {
    var members: [(key: String, value: JSONObject.Value?)] = [
      ("deviations", .numbers(encoding.standardization.deviations)),
      ("features", .texts(encoding.features)), ("file", .text(hexadecimal(file))),
      ("ignored", .texts(encoding.ignored.sorted())),
      ("means", .numbers(encoding.standardization.means)), ("target", .text(encoding.target)),
    ]
    switch encoding.targets {
    case .classes(let names): members.insert(("classes", .texts(names)), at: 0)
    case .numbers(let mean, let deviation):
      members += [("targetDeviation", .number(deviation)), ("targetMean", .number(mean))]
    }
    return JSONObject(members)
  }

  init(reading reader: inout JSONReader) throws(HeaderProblem) {
    let noun = "table"
    var (classes, features, ignored): ([String]?, [String]?, [String]?)
    var (means, deviations): ([Double]?, [Double]?)
    var (target, targetMean, targetDeviation): (String?, Double?, Double?)
    var file: UInt64?
    try reader.readMembers(of: noun) { (reader, key) throws(HeaderProblem) in
      switch key {
      case "classes": classes = try reader.readNames("classes")
      case "deviations": deviations = try reader.readNumbers("deviations")
      case "features": features = try reader.readNames("features")
      case "file": file = try reader.readDigest()
      case "ignored": ignored = try reader.readNames("ignored columns")
      case "means": means = try reader.readNumbers("means")
      case "target": target = try reader.readString("the name of the target")
      case "targetDeviation": targetDeviation = try reader.readDouble()
      case "targetMean": targetMean = try reader.readDouble()
      default: throw unknownMember(key, of: noun)
      }
    }
    guard let target else { throw missing("a target", of: noun) }
    guard let file else { throw missing("the digest of its file", of: noun) }
    guard let features, !features.isEmpty else { throw missing("features", of: noun) }
    guard let ignored, Set(ignored).isDisjoint(with: features + [target]),
      !features.contains(target)
    else { throw missing("columns of which each has one use", of: noun) }
    guard let means, means.count == features.count else {
      throw missing("a mean for each feature", of: noun)
    }
    guard let deviations, deviations.count == features.count,
      (deviations + [targetDeviation ?? 1]).allSatisfy({ $0 > 0 })
    else { throw missing("a positive deviation for each feature", of: noun) }
    let targets: TableEncoding.Targets
    switch (classes, targetMean, targetDeviation) {
    case (let names?, nil, nil) where names.count >= 2: targets = .classes(names)
    case (nil, let mean?, let deviation?): targets = .numbers(mean: mean, deviation: deviation)
    default: throw missing("either two classes or a target's mean and deviation", of: noun)
    }
    encoding = TableEncoding(
      target: target, targets: targets, features: features, ignoring: Set(ignored),
      standardization: Standardization(means: means, deviations: deviations))
    self.file = file
  }
}
