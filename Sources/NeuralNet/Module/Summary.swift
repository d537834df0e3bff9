import Elements
import Support
public import TensorCore

/// What a model consists of: a row for each module, with what it returned for an example.
public struct ModuleSummary: CustomStringConvertible {
  /// What one module returned, and what it holds itself.
  public struct Row {
    /// Where the module is; empty for the model itself.
    public let path: String
    /// The name of its class, such as `Linear`.
    public let type: String
    /// The shapes of what its last call returned; empty if it was not called, or has a call of its
    /// own that does not tell (`notifyForwardHooks`).
    public let outputs: [Shape]
    /// How many numbers its own parameters hold, frozen ones included; those of a tensor that is
    /// held in several places count in the first.
    public let parameters: Int
    /// The bytes of its own parameters and buffers, counted likewise.
    public let bytes: Int
  }

  /// The model and all modules below it, a module before what it holds.
  public let rows: [Row]
  /// How many numbers the frozen parameters hold.
  public let frozenParameters: Int
  /// How many numbers the parameters hold, frozen ones included.
  public var parameters: Int { rows.reduce(0) { $0 + $1.parameters } }
  /// The bytes of all parameters and buffers.
  public var bytes: Int { rows.reduce(0) { $0 + $1.bytes } }

  /// A table with a row for each module, and the sums below it.
  public var description: String {
    let table = TextTable([
      .left("path"), .left("type"), .left("output"), .right("parameters"), .right("bytes"),
    ])
    let lines = table.lines(
      rows.map { row in
        [
          row.path.isEmpty ? "(model)" : row.path, row.type,
          row.outputs.isEmpty ? "-" : row.outputs.map(\.description).joined(separator: " "),
          grouped(row.parameters), grouped(row.bytes),
        ]
      })
    let frozen = frozenParameters > 0 ? ", \(grouped(frozenParameters)) of them frozen" : ""
    return lines.joined(separator: "\n")
      + "\n\(grouped(parameters)) parameters\(frozen); \(grouped(bytes)) bytes with buffers"
  }
}

extension Layer {
  /// What the model consists of, and the shapes that its modules return for `example`.
  ///
  /// The example is run once in evaluation mode and without recording; the model is left as it was.
  public func summary(_ example: Tensor) -> ModuleSummary { summary { self(example) } }
}

extension Module {
  /// What the model consists of, and the shapes that its modules return while `run` calls it: for
  /// models that are no `Layer`.
  ///
  /// `run` is called once, in evaluation mode and without recording; the model is left as it was.
  public func summary<Result>(_ run: () -> Result) -> ModuleSummary {
    let modules = namedModules()
    var outputs: [ObjectIdentifier: [Shape]] = [:]
    let hooks = modules.map {
      $0.module.registerForwardHook { outputs[ObjectIdentifier($0)] = $1.map(\.shape) }
    }
    let trained = modules.filter(\.module.isTraining)
    eval()
    _ = noGrad(run)
    for (_, module) in trained { module.isTraining = true }
    for hook in hooks { hook.remove() }

    var seen = Set<ObjectIdentifier>()
    var frozen = 0
    let rows = modules.map { path, module in
      let own = module.namedOwnTensors().map(\.tensor)
        .filter { seen.insert(ObjectIdentifier($0)).inserted }
      frozen += own.filter(\.isFrozen).reduce(0) { $0 + $1.count }
      return ModuleSummary.Row(
        path: path, type: "\(type(of: module))", outputs: outputs[ObjectIdentifier(module)] ?? [],
        parameters: own.filter { $0.requiresGrad || $0.isFrozen }.reduce(0) { $0 + $1.count },
        bytes: own.reduce(0) { $0 + $1.count * $1.dtype.size })
    }
    return ModuleSummary(rows: rows, frozenParameters: frozen)
  }
}
