;; Wants random bytes beyond its memory.
;; fault: bad_output
;;@CORE
(func $realloc (param i32 i32 i32 i32) (result i32) (if (result i32) (i32.eq (local.get 3) (i32.const 4000)) (then (i32.const 65000)) (else (i32.const 4096))))
(func (export "shape") (param i32) (result i32) (call $random (i32.const 4000) (i32.const 512)) (call $answer (i32.const 1008) (i32.const 4)))
