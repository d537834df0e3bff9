import Diagnostics
public import NeuralNet
public import Optimizers
public import TensorCore

extension Run {
  /// Has checkpoints hold the parameters and buffers of `module`, in the file `name.safetensors`. Its newest
  /// weights are also in the run's directory under that name.
  public func keep(_ module: Module, as name: String = "model") {
    add(KeptModule(name: name, module: module))
    modules.append((name, module))
  }

  /// Has checkpoints hold the state of `optimizer`, in `name.safetensors`; where it is shared out over ranks
  /// each writes a file of its part, and any number of ranks can go on from them.
  public func keep(_ optimizer: any Optimizer, as name: String = "optimizer") {
    add(
      KeptOptimizer(name: name, optimizer: optimizer) { [unowned self] in
        modules.flatMap { owner, module in
          module.namedParameters().map {
            (name: modules.count == 1 ? $0.name : "\(owner).\($0.name)", tensor: $0.tensor)
          }
        }
      })
  }

  /// Has checkpoints hold the state of `scaler`.
  public func keep(_ scaler: GradientScaler, as name: String = "scaler") {
    keep(as: name, save: { scaler.state }, load: { try scaler.load(state: $0) })
  }

  /// Has checkpoints hold how far `generator` has been drawn from. The default generator is always in them.
  public func keep(_ generator: TensorCore.Generator, as name: String) {
    keep(as: name, save: { generator.position }, load: { generator.position = $0 })
  }

  /// Has checkpoints hold a value of the program, `initial` at first.
  ///
  /// ```swift
  /// let run = try Run(in: "runs/digits", over: world)
  /// let samples = run.kept(0, as: "samples")
  /// samples.value += images.shape[0]
  /// ```
  public func kept<Value: Codable>(_ initial: Value, as name: String) -> Kept<Value> {
    let kept = Kept(initial)
    keep(as: name, save: { kept.value }, load: { kept.value = $0 })
    return kept
  }

  /// Has checkpoints hold what `save` returns on rank 0, and gives it to `load` on all ranks: for state
  /// that is none of the above, such as that of a `ReduceOnPlateau`.
  ///
  /// `load` must take back what `save` returns, and throw without a change where it cannot take a value.
  public func keep<State: Codable>(
    as name: String, save: @escaping () -> State, load: @escaping (State) throws -> Void
  ) {
    add(KeptValue(name: name, save: save, load: load))
  }

  private func add(_ part: any KeptPart) {
    check(!hasBegun, "Run.keep: \(part.name) is named after begin(); keep it before")
    let isPlain = part.name.utf8.allSatisfy { plainCharacters.contains($0) }
    check(
      isPlain && !part.name.isEmpty && part.name.utf8.count <= 64,
      """
      Run.keep: the name "\(part.name)" becomes part of a file's name; use at most 64 letters, digits, \
      "_" and "-"
      """)
    check(
      !parts.contains { $0.name == part.name },
      "Run.keep: something is kept as \"\(part.name)\" already; choose another name with as:")
    parts.append(part)
  }
}

private let plainCharacters = Set(
  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-".utf8)
