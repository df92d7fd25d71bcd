;; Calls exit.
;; fault: trapped
;;@IMPORTS
(import "wasi:cli/exit@0.2.0" (instance $exit (export "exit" (func (param "status" (result))))))
;;@LOWERED
(core func $exit (canon lower (func $exit "exit")))
;;@HOST
(export "exit" (func $exit))
;;@CORE-IMPORTS
(import "host" "exit" (func $exit (param i32)))
;;@CORE
(func (export "shape") (param i32) (result i32) (call $exit (i32.const 0)) (call $answer (i32.const 1008) (i32.const 4)))
