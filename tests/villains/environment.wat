;; Reads the environment: it is empty. Answers the number of variables.
;; fault: none
;;@IMPORTS
(import "wasi:cli/environment@0.2.3" (instance $environment
  (export "get-environment" (func (result (list (tuple string string)))))))
;;@LOWERED
(core func $environment (canon lower (func $environment "get-environment") (memory $m) (realloc $realloc)))
;;@HOST
(export "environment" (func $environment))
;;@CORE-IMPORTS
(import "host" "environment" (func $environment (param i32)))
;;@CORE
(func (export "shape") (param i32) (result i32) (call $environment (i32.const 512)) (if (i32.load (i32.const 516)) (then (unreachable))) (call $answer (i32.const 1008) (i32.const 4)))
