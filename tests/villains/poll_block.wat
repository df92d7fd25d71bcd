;; Sleeps for an hour.
;; fault: trapped
;;@IMPORTS
(import "wasi:io/error@0.2.0" (instance $error (export "error" (type (sub resource)))))
(alias export $error "error" (type $error))
(import "wasi:io/poll@0.2.0" (instance $poll
  (export "pollable" (type $pollable (sub resource)))
  (export "[method]pollable.block" (func (param "self" (borrow $pollable))))))
(alias export $poll "pollable" (type $pollable))
(import "wasi:clocks/monotonic-clock@0.2.0" (instance $monotonic
  (alias outer 1 $pollable (type $outer))
  (export "pollable" (type $a-pollable (eq $outer)))
  (export "subscribe-duration" (func (param "when" u64) (result (own $a-pollable))))))
;;@LOWERED
(core func $subscribe (canon lower (func $monotonic "subscribe-duration")))
(core func $block (canon lower (func $poll "[method]pollable.block")))
;;@HOST
(export "subscribe" (func $subscribe)) (export "block" (func $block))
;;@CORE-IMPORTS
(import "host" "subscribe" (func $subscribe (param i64) (result i32)))
(import "host" "block" (func $block (param i32)))
;;@CORE
(func (export "shape") (param i32) (result i32) (call $block (call $subscribe (i64.const 3600000000000))) (call $answer (i32.const 1008) (i32.const 4)))
