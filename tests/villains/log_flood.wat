;; Writes 3,000 log lines of 20 kB, full of control characters; is cut, and answers.
;; fault: none
;;@CORE
(func (export "shape") (param i32) (result i32) (local $left i32) (local.set $left (i32.const 3000))
  (memory.fill (i32.const 8192) (i32.const 27) (i32.const 20000))
  (loop (call $log (i32.const 1) (i32.const 8192) (i32.const 20000)) (br_if 0 (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
  (call $answer (i32.const 1008) (i32.const 4)))
