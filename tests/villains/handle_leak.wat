;; Takes handles of standard input for ever and gives none back.
;; fault: trapped
;;@IMPORTS
(import "wasi:io/error@0.2.0" (instance $error (export "error" (type (sub resource)))))
(alias export $error "error" (type $error))
(import "wasi:io/poll@0.2.0" (instance $poll
  (export "pollable" (type $pollable (sub resource)))
  (export "[method]pollable.block" (func (param "self" (borrow $pollable))))))
(alias export $poll "pollable" (type $pollable))
(import "wasi:io/streams@0.2.0" (instance $streams
  (alias outer 1 $error (type $outer-error))
  (export "error" (type $an-error (eq $outer-error)))
  (type $failure' (variant (case "last-operation-failed" (own $an-error)) (case "closed")))
  (export "stream-error" (type $failure (eq $failure')))
  (export "input-stream" (type $input (sub resource)))
  (export "[method]input-stream.blocking-read"
    (func (param "self" (borrow $input)) (param "len" u64) (result (result (list u8) (error $failure)))))))
(alias export $streams "input-stream" (type $input-stream))
(import "wasi:cli/stdin@0.2.0" (instance $stdin
  (alias outer 1 $input-stream (type $outer-input))
  (export "input-stream" (type $an-input (eq $outer-input)))
  (export "get-stdin" (func (result (own $an-input))))))
;;@LOWERED
(core func $stdin (canon lower (func $stdin "get-stdin")))
(core func $read (canon lower (func $streams "[method]input-stream.blocking-read") (memory $m) (realloc $realloc)))
;;@HOST
(export "stdin" (func $stdin)) (export "read" (func $read))
;;@CORE-IMPORTS
(import "host" "stdin" (func $stdin (result i32)))
(import "host" "read" (func $read (param i32 i64 i32)))
;;@CORE
(func (export "shape") (param i32) (result i32) (loop (drop (call $stdin)) (br 0)) (unreachable))
