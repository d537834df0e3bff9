import Checkpoints

/// Something that a checkpoint holds.
protocol KeptPart {
  /// What it is called in the checkpoint: the name of its file, or of its value.
  var name: String { get }

  /// The tensors that rank `rank` writes, and to which file; nil: none.
  func tensors(rank: Int, of size: Int) -> (file: String, tensors: NamedTensors)?
  /// What it has beside tensors, as JSON; nil: nothing.
  func json() throws -> String?

  /// Finds out whether `checkpoint` has what this needs; what is returned then takes it, and cannot fail.
  func prepareLoad(_ checkpoint: SoundCheckpoint) throws -> () -> Void
}

extension KeptPart {
  func tensors(rank: Int, of size: Int) -> (file: String, tensors: NamedTensors)? { nil }
  func json() throws -> String? { nil }
}

extension SoundCheckpoint {
  /// What the checkpoint has under `name` beside tensors.
  func value(_ name: String) throws -> String {
    guard let value = state.values.first(where: { $0.name == name }) else {
      throw MisfitCheckpoint(path, "it does not have \"\(name)\", which this program keeps")
    }
    return value.json
  }
}
