;; Answers, then traps when its answer is taken.
;; fault: trapped
;;@CORE
(func (export "post") (param i32) (unreachable))
;;@LIFTED
(alias core export $plugin "post" (core func $post))
;;@POST
(post-return $post)
