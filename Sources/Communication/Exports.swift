// What a rank works on: a communicator's `rank`, `size` and `step` are of it.
@_exported public import Steps
