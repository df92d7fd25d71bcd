;; Recurses for ever while it is handed its input.
;; fault: trapped
;;@CORE
(func $deeper (param i32) (result i32) (i32.add (call $deeper (local.get 0)) (i32.const 1)))
(func $realloc (param i32 i32 i32 i32) (result i32) (call $deeper (i32.const 0)))
