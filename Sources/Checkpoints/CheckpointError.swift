public import Diagnostics
public import Support

/// A file of weights could not be read, or does not fit the model.
public enum CheckpointError: ReportableError, Equatable {
  /// The file could not be opened or read; exit code 66 or 74.
  case file(FileError)
  /// The bytes are not a well-formed safetensors file; `tensor` is the one concerned, if any. Exit
  /// code 65.
  case malformed(path: String, tensor: String?, problem: String)
  /// The file is sound but cannot give this tensor; exit code 65.
  case unavailable(path: String, tensor: String, problem: String)
  /// The file holds another model's tensors; exit code 65.
  ///
  /// `missing` are paths of `model` that the file lacks, `unexpected` names in the file that the
  /// model lacks, `mismatched` sentences about those of another shape or type.
  case misfit(
    path: String, model: String, missing: [String], unexpected: [String], mismatched: [String])

  /// One sentence that names the file, the tensor, and what was expected.
  public var description: String {
    switch self {
    case .file(let error):
      error.description
    case .malformed(let path, let tensor, let problem):
      "\(path): \(Self.subject(tensor))\(problem); the file is damaged or not in safetensors format"
    case .unavailable(let path, let tensor, let problem):
      "\(path): \(Self.subject(tensor))\(problem)"
    case .misfit(let path, let model, let missing, let unexpected, let mismatched):
      "\(path) does not fit \(model): "
        + Diagnostics.misfit(missing: missing, unexpected: unexpected, mismatched: mismatched)
    }
  }

  /// The file error's status where there is one, else ``ExitCode/badData``, status 65.
  public var exitCode: ExitCode {
    if case .file(let error) = self { error.exitCode } else { .badData }
  }

  private static func subject(_ tensor: String?) -> String {
    tensor.map { "tensor \(quoted($0)): " } ?? ""
  }
}

/// `text` from a file in quotes, fit to print.
func quoted(_ text: String) -> String { "\"\(printable(text))\"" }
