import Diagnostics
import FoundationEssentials

/// A value of the program that checkpoints hold: change `value` at will, on all ranks alike.
///
/// It is rank 0's that is saved, and all ranks get it back.
public final class Kept<Value: Codable> {
  /// What it is now.
  public var value: Value

  init(_ value: Value) { self.value = value }
}

/// State of any kind that can be written as JSON.
struct KeptValue<State: Codable>: KeptPart {
  let name: String
  let save: () -> State
  let load: (State) throws -> Void

  func json() throws -> String? {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    do {
      return String(decoding: try encoder.encode(save()), as: UTF8.self)
    } catch {
      stop("Run: the value kept as \"\(name)\" cannot be written as JSON: \(error)")
    }
  }

  func prepareLoad(_ checkpoint: SoundCheckpoint) throws -> () -> Void {
    let json = try checkpoint.value(name)
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    let state: State
    do {
      state = try decoder.decode(State.self, from: Data(json.utf8))
    } catch {
      throw MisfitCheckpoint(
        checkpoint.path, "what it has as \"\(name)\" is not what this program keeps there")
    }
    // To take it may fail: it is tried, and taken back.
    let before = save()
    do {
      try load(state)
      try load(before)
    } catch {
      throw MisfitCheckpoint(checkpoint.path, error.report)
    }
    return { try? load(state) }
  }
}
